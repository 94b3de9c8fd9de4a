"""``fom://``: what reads through fsspec reads files of records."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from fomrepo.client.filesystem import BLOCKS, FomFileSystem
from fomrepo.errors import DigestMismatchError, NotFoundError, SiteUnreachableError
from fomrepo.wire.v1 import files_pb2
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite


def netcdf() -> bytes:
    """A small data set, as a file."""
    stream = io.BytesIO()
    xr.Dataset({"energy": ("time", np.arange(1000.0))}).to_netcdf(stream, engine="h5netcdf")
    return stream.getvalue()


BLOCK = 2**16
CSV = b"time,energy\n0,1.5\n1,2.5\n"
LARGE = np.random.default_rng(1).bytes((BLOCKS + 2) * BLOCK + 17)
CONTENTS = {"energies.csv": CSV, "run.dcd": LARGE, "run.nc": netcdf()}


class Shelf:
    """A record at a scripted site."""

    def __init__(self, site: ScriptedSite) -> None:
        self.site = site
        self.version = 1
        self.damaged = False
        site.answers |= {"GetRecord": self.record, "ReadFile": self.chunks, "ListRecords": self.page}

    def record(self, request: files_pb2.GetRecordRequest) -> files_pb2.Record:
        if not request.record.startswith(("FOM-402917", "/alice/adk")):
            raise NotFoundError("no record that you may see")
        version = int(request.record.partition(".v")[2] or self.version)
        files = [
            files_pb2.File(name=name, file_type="X", digest=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in CONTENTS.items()
        ]
        return files_pb2.Record(
            accession="FOM-402917",
            version=version,
            state="private",
            project="alice",
            name="adk",
            files=files,
            created=1.0,
        )

    def page(self, request: files_pb2.ListRecordsRequest) -> files_pb2.ListRecordsReply:
        records = [
            files_pb2.Record(accession=accession, version=1, state="private", project="alice", name=name)
            for accession, name in (("FOM-402917", "adk"), ("FOM-555555", "other"))
        ]
        return files_pb2.ListRecordsReply(records=records)

    def chunks(self, request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        data = CONTENTS[request.name]
        end = request.offset + request.length if request.length else len(data)
        for start in range(request.offset, min(end, len(data)), 2**20):
            chunk = data[start : min(start + 2**20, end)]
            yield files_pb2.Chunk(data=bytes(len(chunk)) if self.damaged else chunk)

    @property
    def ranges(self) -> list[tuple[str, int, int]]:
        """What was asked for: record, first byte, length."""
        return [(one.record, one.offset, one.length) for one in self.site.requests("ReadFile")]


@pytest.fixture
def shelf(site: ScriptedSite, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("FOMREPO_ADDRESS", site.address)
    monkeypatch.setenv("FOMREPO_TOKEN", TOKEN)
    monkeypatch.setenv("FOMREPO_CA", AUTHORITY.certificate.decode())
    return Shelf(site)


@pytest.fixture
def fs(shelf: Shelf) -> Iterator[FomFileSystem]:
    FomFileSystem.clear_instance_cache()
    one = fsspec.filesystem("fom")
    assert isinstance(one, FomFileSystem)
    yield one
    one.close()
    FomFileSystem.clear_instance_cache()


def test_folders_are_records(fs: FomFileSystem) -> None:
    assert fs.ls("fom://", detail=False) == ["FOM-402917", "FOM-555555"]
    names = [f"FOM-402917/{name}" for name in CONTENTS]
    assert fs.ls("FOM-402917", detail=False) == names
    assert fs.ls("fom:///alice/adk/", detail=False) == [f"/alice/adk/{name}" for name in CONTENTS]
    assert [one["name"] for one in fs.ls("FOM-402917/run.dcd")] == ["FOM-402917/run.dcd"]
    assert fs.glob("fom://FOM-402917/*.nc") == ["FOM-402917/run.nc"]
    assert fs.find("FOM-402917") == sorted(names)
    assert (fs.isdir("FOM-402917"), fs.isfile("FOM-402917"), fs.isdir("")) == (True, False, True)
    assert fs.isfile("FOM-402917.v1/run.dcd")


def test_facts_of_a_file(fs: FomFileSystem) -> None:
    sha256 = hashlib.sha256(CSV).hexdigest()
    info = fs.info("fom://FOM-402917/energies.csv")
    assert (info["size"], info["type"], info["sha256"]) == (len(CSV), "file", sha256)
    assert fs.ukey("FOM-402917/energies.csv") == f"{fs.checksum('FOM-402917/energies.csv'):064x}" == sha256
    assert fs.modified("FOM-402917/energies.csv").timestamp() == fs.created("FOM-402917").timestamp() == 1.0


@pytest.mark.parametrize("path", ["FOM-999999", "FOM-402917/none.dcd", "FOM-402917/a/b", "nonsense", "/alice"])
def test_what_is_not_there_is_file_not_found(fs: FomFileSystem, path: str) -> None:
    assert not fs.exists(path)
    for ask in (fs.info, fs.ls, fs.cat_file, fs.open):
        with pytest.raises(FileNotFoundError, match="nothing of that name that you may see"):
            ask(path)


def test_a_silent_site_is_no_missing_file(fs: FomFileSystem, shelf: Shelf) -> None:
    fs.ls("FOM-402917")
    fs.invalidate_cache()
    shelf.site.stop()
    with pytest.raises(SiteUnreachableError):
        fs.exists("FOM-402917/run.dcd")


def test_it_is_read_only(fs: FomFileSystem) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        fs.open("FOM-402917/new.dcd", "wb")
    with pytest.raises(IsADirectoryError):
        fs.open("FOM-402917")


def test_blocks_come_when_they_are_read_and_once(fs: FomFileSystem, shelf: Shelf) -> None:
    with fs.open("FOM-402917/run.dcd", block_size=BLOCK) as file:
        assert shelf.ranges == []
        file.seek(3 * BLOCK + 5)
        assert file.read(10) == LARGE[3 * BLOCK + 5 :][:10]
        file.seek(-4, 1)
        assert file.read(4) == LARGE[3 * BLOCK + 11 :][:4]
        file.seek(-7, 2)
        assert file.read() == LARGE[-7:]
        assert file.read(1) == b""
    record = "FOM-402917.v1"
    assert shelf.ranges == [(record, 3 * BLOCK, BLOCK), (record, (BLOCKS + 2) * BLOCK, 17)]


def test_memory_holds_the_last_blocks(fs: FomFileSystem) -> None:
    with fs.open("FOM-402917/run.dcd", block_size=BLOCK) as file:
        digest = hashlib.sha256()
        while part := file.read(50_000):
            digest.update(part)
        assert digest.digest() == hashlib.sha256(LARGE).digest()
        assert file.cache.cache_info().currsize == BLOCKS


@pytest.mark.parametrize(("start", "end"), [(None, None), (5, 9), (-9, None), (None, -9), (10**9, None), (9, 5)])
def test_a_part_comes_in_one_stream(fs: FomFileSystem, shelf: Shelf, start: int | None, end: int | None) -> None:
    assert fs.cat_file("FOM-402917/run.dcd", start, end) == LARGE[start:end]
    assert len(shelf.ranges) <= 1


def test_an_open_file_stays_with_its_version(fs: FomFileSystem, shelf: Shelf) -> None:
    file = fs.open("FOM-402917/run.dcd")
    shelf.version = 2
    fs.invalidate_cache()
    file.seek(9)
    elsewhere = pickle.loads(pickle.dumps(file))
    assert elsewhere.read(3) == file.read(3) == LARGE[9:12]
    assert {record for record, _, _ in shelf.ranges} == {"FOM-402917.v1"}
    assert fs.open("FOM-402917/run.dcd").path == "FOM-402917.v2/run.dcd"


def test_a_fetched_file_is_verified(fs: FomFileSystem, shelf: Shelf, tmp_path: Path) -> None:
    target = tmp_path / "sub" / "mine.csv"
    fs.get("fom://FOM-402917/energies.csv", str(target))
    assert target.read_bytes() == CSV
    shelf.damaged = True
    with pytest.raises(DigestMismatchError):
        fs.get_file("FOM-402917/energies.csv", target)
    assert target.read_bytes() == CSV
    assert [one.name for one in target.parent.iterdir()] == ["mine.csv"]


def test_a_folder_is_fetched(fs: FomFileSystem, tmp_path: Path) -> None:
    fs.get("FOM-402917", str(tmp_path / "all"), recursive=True)
    assert {one.name: one.read_bytes() for one in (tmp_path / "all").iterdir()} == CONTENTS


def test_others_read_through_it(fs: FomFileSystem) -> None:
    frame = pd.read_csv("fom://FOM-402917/energies.csv")
    assert frame["energy"].tolist() == [1.5, 2.5]
    with fsspec.open("fom:///alice/adk/run.nc") as file, xr.open_dataset(file, engine="h5netcdf") as data:
        assert float(data["energy"].sum()) == 499500.0
    with fsspec.open("fom://FOM-402917/energies.csv", "r") as text:
        assert text.readline() == "time,energy\n"


def test_another_cache_of_fsspec_goes_on_top(fs: FomFileSystem, shelf: Shelf, tmp_path: Path) -> None:
    options: dict[str, Any] = {"filecache": {"cache_storage": str(tmp_path / "cache")}}
    for _ in range(2):
        with fsspec.open("filecache::fom://FOM-402917/energies.csv", **options) as file:
            assert file.read() == CSV
    assert len(shelf.ranges) == 1
