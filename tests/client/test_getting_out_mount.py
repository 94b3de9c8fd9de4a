"""``fomrepo mount``: what the kernel is told, and what people are told where there is no FUSE."""

from __future__ import annotations

import ctypes.util
import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fomrepo.client.filesystem import FomFileSystem
from fomrepo.client.mount import RecordTree, mount
from fomrepo.errors import ArgumentError, NotFoundError, SettingsError
from fomrepo.wire.v1 import files_pb2
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite

CONTENT = bytes(range(256)) * 100


@pytest.fixture
def fs(site: ScriptedSite) -> Iterator[FomFileSystem]:
    def record(request: files_pb2.GetRecordRequest) -> files_pb2.Record:
        if not request.record.startswith("FOM-402917"):
            raise NotFoundError("no record that you may see")
        file = files_pb2.File(name="run.dcd", file_type="DCD", digest="1" * 64, size=len(CONTENT))
        return files_pb2.Record(
            accession="FOM-402917", version=1, state="private", project="enzymes", name="adk", files=[file], created=5.0
        )

    def page(_: Any) -> files_pb2.ListRecordsReply:
        names = [("FOM-402917", "enzymes", "adk"), ("FOM-555555", "enzymes", "b"), ("FOM-666666", "water", "adk")]
        return files_pb2.ListRecordsReply(
            records=[
                files_pb2.Record(accession=one, version=1, state="private", project=project, name=name)
                for one, project, name in names
            ]
        )

    def chunks(request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        yield files_pb2.Chunk(data=CONTENT[request.offset : request.offset + request.length])

    site.answers |= {"GetRecord": record, "ListRecords": page, "ReadFile": chunks}
    one = FomFileSystem(site.address, TOKEN, AUTHORITY.certificate.decode(), skip_instance_cache=True)
    yield one
    one.close()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def tree(fs: FomFileSystem, said: list[str]) -> RecordTree:
    return RecordTree(fs, ready=lambda: None, say=said.append)


def test_records_and_projects_are_folders(tree: RecordTree) -> None:
    accessions = ["FOM-402917", "FOM-555555", "FOM-666666"]
    assert tree.readdir("/", 0) == [".", "..", *accessions, "enzymes", "water"]
    assert tree.readdir("/enzymes", 0) == [".", "..", "adk", "b"]
    assert tree.readlink("/enzymes/b") == "../FOM-555555"
    assert tree.readlink("/water/adk") == "../FOM-666666"
    assert tree.readdir("/FOM-402917.v1", 0) == [".", "..", "run.dcd"]
    kinds = {path: stat.filemode(tree.getattr(path)["st_mode"]) for path in ("/", "/enzymes", "/enzymes/b")}
    assert kinds == {"/": "dr-xr-xr-x", "/enzymes": "dr-xr-xr-x", "/enzymes/b": "lrwxrwxrwx"}
    assert stat.filemode(tree.getattr("/FOM-402917")["st_mode"]) == "dr-xr-xr-x"


def test_files_can_be_read_and_no_more(tree: RecordTree) -> None:
    facts = tree.getattr("/FOM-402917/run.dcd")
    assert stat.filemode(facts["st_mode"]) == "-r--r--r--"
    assert (facts["st_size"], facts["st_mtime"]) == (len(CONTENT), 5_000_000_000)
    first, second = tree.open("/FOM-402917/run.dcd", os.O_RDONLY), tree.open("/FOM-402917/run.dcd", os.O_RDONLY)
    assert tree.read("/FOM-402917/run.dcd", 10, 300, first) == CONTENT[300:310]
    assert tree.read("/FOM-402917/run.dcd", 10, len(CONTENT) - 3, second) == CONTENT[-3:]
    assert tree.release("/FOM-402917/run.dcd", first) == 0
    assert tree.read("/FOM-402917/run.dcd", 1, 0, second) == CONTENT[:1]
    with pytest.raises(OSError, match="cannot be written") as caught:
        tree.open("/FOM-402917/run.dcd", os.O_RDWR)
    assert caught.value.errno == errno.EROFS


@pytest.mark.parametrize("path", ["/.Trash", "/enzymes/c", "/FOM-999999", "/FOM-402917/.git", "/enzymes/adk/run.dcd"])
def test_what_is_not_there(tree: RecordTree, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        tree.getattr(path)


def test_what_a_site_cannot_answer_is_said(tree: RecordTree, site: ScriptedSite, said: list[str]) -> None:
    handle = tree.open("/FOM-402917/run.dcd", os.O_RDONLY)
    site.stop()
    with pytest.raises(OSError, match="no site answers") as caught:
        tree.read("/FOM-402917/run.dcd", 10, 0, handle)
    assert caught.value.errno == errno.EIO
    assert [one.partition(";")[0] for one in said] == ["/FOM-402917/run.dcd: no site answers"]


def never() -> None:
    raise AssertionError("it was mounted")


def test_only_an_empty_folder_is_taken(fs: FomFileSystem, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, what in (
        (tmp_path, "is not empty"),
        (tmp_path / "file", "is no folder"),
        (tmp_path / "x", "no folder"),
    ):
        with pytest.raises(ArgumentError, match=what) as caught:
            mount(fs, folder, ready=never, say=print)
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("missing", "what", "remedy"),
    [
        ("device", "does not let you mount: /dev/fuse: Permission denied", "ask an administrator"),
        ("libfuse", "needs libfuse", "apt-get install fuse3"),
        ("mfusepy", "needs mfusepy", "pip install 'fomrepo[mount]'"),
    ],
)
def test_where_there_is_no_fuse_it_says_what_is_missing(
    fs: FomFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, what: str, remedy: str
) -> None:
    plainly_open, closed = os.open, "/dev/fuse" if missing == "device" else ""

    def open_(path: Any, *rest: Any, **more: Any) -> int:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return plainly_open("/dev/null" if path == "/dev/fuse" else path, *rest, **more)

    monkeypatch.setattr(os, "open", open_)
    if missing == "libfuse":
        monkeypatch.delitem(sys.modules, "mfusepy", raising=False)
        monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    if missing == "mfusepy":
        monkeypatch.setitem(sys.modules, "mfusepy", None)
    with pytest.raises(SettingsError, match=what) as caught:
        mount(fs, tmp_path, ready=never, say=print)
    assert remedy in (caught.value.remedy or "")
