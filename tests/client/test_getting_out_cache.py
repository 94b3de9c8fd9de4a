"""The cache behind ``fomrepo.fetch``: each content once, verified, and the least used dropped."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import fomrepo
from fomrepo.client.file_cache import FRESH_S, FileCache
from fomrepo.client.repository import Repository
from fomrepo.client.turns import in_turn
from fomrepo.errors import ArgumentError, DigestMismatchError, OutcomeRefusedError, SettingsError, StorageError
from fomrepo.wire.v1 import files_pb2
from tests.client.scripted_site import ScriptedSite

CONTENTS = {
    "adk.psf": b"PSF",
    "run1.dcd": b"CORD" * 1000,
    "run2.dcd": b"CORD" * 1500,
    "same.dcd": b"CORD" * 1000,
    "box.gro": b"GRO",
    "box.xtc": b"XTC" * 100,
    "notes.mdp": b"dt = 2",
}
TOPOLOGY = {"run1.dcd": "adk.psf", "run2.dcd": "adk.psf", "same.dcd": "adk.psf", "box.xtc": "box.gro"}


class Shelf:
    """A record at a scripted site; a test says which of the files are in it."""

    def __init__(self, site: ScriptedSite) -> None:
        self.site = site
        self.names = ["adk.psf", "run1.dcd", "run2.dcd"]
        self.damaged = False
        site.answers |= {"GetRecord": self.record, "ReadFile": self.chunks}

    def record(self, _: Any) -> files_pb2.Record:
        files = [
            files_pb2.File(
                name=name,
                file_type=name.rpartition(".")[2].upper(),
                digest=hashlib.sha256(CONTENTS[name]).hexdigest(),
                size=len(CONTENTS[name]),
                topology=TOPOLOGY.get(name, ""),
            )
            for name in self.names
        ]
        return files_pb2.Record(accession="FOM-402917", version=1, state="private", project="a", name="b", files=files)

    def chunks(self, request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        data = CONTENTS[request.name][request.offset :]
        yield files_pb2.Chunk(data=data.lower() if self.damaged else data)

    @property
    def sent(self) -> list[str]:
        """Names of the files whose bytes were asked for, in alphabetical order: they are asked for side by side."""
        return sorted(one.name for one in self.site.requests("ReadFile"))


@pytest.fixture
def shelf(site: ScriptedSite) -> Shelf:
    return Shelf(site)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOMREPO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("held", "path", "files", "expected"),
    [
        (["run1.dcd", "adk.psf", "run2.dcd", "notes.mdp"], "FOM-402917", (), ["adk.psf", "run1.dcd", "run2.dcd"]),
        (["adk.psf", "run1.dcd", "run2.dcd"], "FOM-402917/run2.dcd", (), ["adk.psf", "run2.dcd"]),
        (["adk.psf", "run1.dcd", "run2.dcd"], "/a/b/adk.psf", (), ["adk.psf"]),
        (["adk.psf", "run1.dcd", "run2.dcd"], "/a/b", ("run2.dcd", "adk.psf"), ["adk.psf", "run2.dcd"]),
        (["adk.psf", "run1.dcd", "run2.dcd"], "/a/b", ("run2.dcd", "run1.dcd"), ["adk.psf", "run2.dcd", "run1.dcd"]),
        (["box.gro", "notes.mdp"], "FOM-402917", (), ["box.gro"]),
    ],
)
def test_the_topology_comes_first(
    shelf: Shelf,
    repo: Repository,
    folder: Path,
    held: list[str],
    path: str,
    files: tuple[str, ...],
    expected: list[str],
) -> None:
    shelf.names = held
    paths = fomrepo.fetch(path, *files, repo=repo)
    assert [one.name for one in paths] == expected
    assert [one.read_bytes() for one in paths] == [CONTENTS[name] for name in expected]


@pytest.mark.parametrize(
    ("held", "path", "files", "said"),
    [
        (["adk.psf", "run1.dcd", "box.gro", "box.xtc"], "FOM-402917", (), "several Universes, with adk.psf, box.gro"),
        (["adk.psf", "run1.dcd", "box.gro", "box.xtc"], "/a/b", ("run1.dcd", "box.xtc"), "several Universes"),
        (["adk.psf", "run1.dcd", "box.gro"], "/a/b", ("run1.dcd", "box.gro"), r"box\.gro of FOM-402917 is no part"),
        (["adk.psf", "box.gro"], "FOM-402917", (), "several Universes"),
        (["notes.mdp"], "FOM-402917", (), "no file with atoms"),
        (["adk.psf", "notes.mdp"], "/a/b", ("notes.mdp",), "is no part"),
        (["adk.psf", "run1.dcd"], "/a/b/adk.psf", ("run1.dcd",), "is a file already"),
    ],
)
def test_what_makes_no_universe_is_said_before_a_byte_is_sent(
    shelf: Shelf, repo: Repository, folder: Path, held: list[str], path: str, files: tuple[str, ...], said: str
) -> None:
    shelf.names = held
    with pytest.raises(ArgumentError, match=said) as caught:
        fomrepo.fetch(path, *files, repo=repo)
    assert caught.value.remedy
    assert shelf.sent == []


def test_a_bar_is_shown_to_who_wants_it(shelf: Shelf, repo: Repository, folder: Path) -> None:
    assert fomrepo.fetch("FOM-402917", repo=repo, verbose=True) == fomrepo.fetch("FOM-402917", repo=repo)


def test_a_content_comes_once(shelf: Shelf, repo: Repository, folder: Path) -> None:
    shelf.names = ["adk.psf", "run1.dcd", "same.dcd"]
    first = fomrepo.fetch("FOM-402917", repo=repo)
    assert fomrepo.fetch("FOM-402917", repo=repo) == first
    assert len(shelf.sent) == 2
    assert first[1].samefile(first[2])
    assert not first[1].stat().st_mode & 0o222
    assert not folder.stat().st_mode & 0o077


def test_what_was_written_into_is_fetched_anew(shelf: Shelf, repo: Repository, folder: Path) -> None:
    _, path = fomrepo.fetch("FOM-402917/run1.dcd", repo=repo)
    os.utime(path)  # written at another time, but the same bytes: hashed, and kept
    fomrepo.fetch("FOM-402917/run1.dcd", repo=repo)
    assert shelf.sent == ["adk.psf", "run1.dcd"]
    path.chmod(0o644)
    path.write_bytes(b"mine")
    assert fomrepo.fetch("FOM-402917/run1.dcd", repo=repo)[1].read_bytes() == CONTENTS["run1.dcd"]
    assert shelf.sent == ["adk.psf", "run1.dcd", "run1.dcd"]


def test_wrong_bytes_are_never_cached(shelf: Shelf, repo: Repository, folder: Path) -> None:
    shelf.damaged = True
    with pytest.raises(DigestMismatchError):
        fomrepo.fetch("FOM-402917/adk.psf", repo=repo)
    shelf.damaged = False
    assert fomrepo.fetch("FOM-402917/adk.psf", repo=repo)[0].read_bytes() == b"PSF"


def test_a_digest_from_a_site_is_no_path(shelf: Shelf, site: ScriptedSite, repo: Repository, folder: Path) -> None:
    record = shelf.record(None)
    record.files[0].digest = "../../../etc"
    site.answers["GetRecord"] = lambda _: record
    with pytest.raises(OutcomeRefusedError, match="has the digest"):
        fomrepo.fetch("FOM-402917/adk.psf", repo=repo)


def test_threads_fetch_a_content_once(shelf: Shelf, repo: Repository, folder: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: fomrepo.fetch("FOM-402917/run1.dcd", repo=repo), range(6)))
    assert len(set(found)) == 1
    assert shelf.sent == ["adk.psf", "run1.dcd"]


def test_the_least_used_is_dropped_once_it_is_not_fresh(shelf: Shelf, repo: Repository, folder: Path) -> None:
    shelf.names = ["box.gro", "adk.psf", "run1.dcd", "run2.dcd"]
    record = repo["FOM-402917"]
    small = FileCache(folder, len(CONTENTS["run1.dcd"]) + len(CONTENTS["run2.dcd"]) + 200)
    (run1,), (run2,) = small.paths([record["run1.dcd"]]), small.paths([record["run2.dcd"]])
    aged(run2, 2 * FRESH_S)
    aged(run1, 3 * FRESH_S)
    tight = FileCache(folder, len(CONTENTS["run2.dcd"]) + 200)
    with in_turn(folder, "content", run1.parent.name):
        tight.paths([record["box.gro"]])
        assert run1.exists()  # somebody else has it in hand
        assert not run2.exists()
    tight.paths([record["run1.dcd"]])
    assert run1.exists()  # it was just asked for
    (run2,) = tight.paths([record["run2.dcd"]])
    assert run1.exists()  # and is fresh
    aged(run1, 3 * FRESH_S)
    tight.paths([record["run2.dcd"]])
    assert (run1.exists(), run2.exists()) == (False, True)


def aged(path: Path, seconds: float) -> None:
    used = time.time() - seconds
    os.utime(path.parent / ".verified", (used, used))


@pytest.mark.parametrize("named", ["much", "-1", "nan", "1e9"])
def test_a_limit_that_is_no_size(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("FOMREPO_CACHE_GIB", named)
    with pytest.raises(SettingsError, match="is no size"):
        FileCache.of_this_user()


def test_where_the_cache_cannot_be(shelf: Shelf, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOMREPO_CACHE", "/proc/none")
    with pytest.raises(StorageError, match="/proc/none cannot be used"):
        fomrepo.fetch("FOM-402917", repo=repo)
