"""Deposits and downloads: continued where they stopped, kept only if every byte is right."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fomrepo.client.deposit import DepositProgress, look_at_files
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    DigestMismatchError,
    FileRefusedError,
    SiteUnreachableError,
)
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.v1 import deposits_pb2, files_pb2
from tests.client.scripted_site import FILES, ScriptedSite, accepted

TOPOLOGY, TRAJECTORY = b"psf", bytes(range(256)) * 10_000


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    topology, trajectory = tmp_path / "adk.psf", tmp_path / "adk.dcd"
    topology.write_bytes(TOPOLOGY)
    trajectory.write_bytes(TRAJECTORY)
    return topology, trajectory


class Desk:
    """Takes uploads as a site does, and forgets nothing."""

    def __init__(self, site: ScriptedSite) -> None:
        self.bytes: dict[str, bytearray] = {}
        self.sizes: dict[str, int] = {}
        self.begun: list[deposits_pb2.BeginDepositRequest] = []
        self.stop_after: int | None = None
        self.final = accepted()
        self.refused_before = 0
        site.answers |= {"Begin": self.begin, "Upload": self.upload, "Complete": lambda _: self.final}

    def begin(self, request: deposits_pb2.BeginDepositRequest) -> deposits_pb2.Deposit:
        self.begun.append(request)
        if len(self.begun) <= self.refused_before:
            return deposits_pb2.Deposit(id=f"deposit-{len(self.begun)}", state="quarantined")
        uploads = []
        for one in request.files:
            self.sizes[one.name] = one.size
            there = bytes(self.bytes.setdefault(one.name, bytearray()))
            whole = len(there) == one.size
            digest = hashlib.sha256(there).hexdigest() if whole else ""
            uploads.append(deposits_pb2.Upload(name=one.name, size=one.size, received=len(there), digest=digest))
        return deposits_pb2.Deposit(id="deposit-1", state="draft", uploads=uploads, site="site-a")

    def upload(self, chunks: Iterator[deposits_pb2.UploadChunk]) -> deposits_pb2.UploadReply:
        first = next(chunks)
        there, claimed = self.bytes[first.name], ""
        assert first.offset == len(there)
        for chunk in chunks:
            assert len(chunk.data) <= 2**20
            there += chunk.data
            claimed = chunk.digest or claimed
            if self.stop_after is not None and len(there) >= self.stop_after:
                raise SiteUnreachableError("the site fell over")
        digest = hashlib.sha256(there).hexdigest() if len(there) == self.sizes[first.name] else ""
        if digest and claimed != digest:
            raise DigestMismatchError("these are other bytes")
        return deposits_pb2.UploadReply(received=len(there), digest=digest)


@pytest.fixture
def desk(site: ScriptedSite) -> Desk:
    return Desk(site)


def test_a_deposit_sends_every_byte_once(repo: Repository, desk: Desk, paths: tuple[Path, Path]) -> None:
    told: list[DepositProgress] = []
    record = repo.deposit(*paths, title="AdK", project="enzymes", name="adk", progress=told.append)
    assert record.accession == "FOM-402917"
    assert (bytes(desk.bytes["adk.psf"]), bytes(desk.bytes["adk.dcd"])) == (TOPOLOGY, TRAJECTORY)
    request = desk.begun[0]
    assert (request.title, request.project, request.name) == ("AdK", "enzymes", "adk")
    assert [(one.name, one.topology) for one in request.files] == [("adk.psf", ""), ("adk.dcd", "adk.psf")]
    assert told[-1].done == told[-1].total == len(TOPOLOGY) + len(TRAJECTORY)
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_an_interrupted_deposit_is_continued(repo: Repository, desk: Desk, paths: tuple[Path, Path]) -> None:
    desk.stop_after = 2**20
    with pytest.raises(SiteUnreachableError):
        repo.deposit(*paths, title="AdK")
    there = len(desk.bytes["adk.dcd"])
    assert 0 < there < len(TRAJECTORY)
    desk.stop_after = None
    repo.deposit(*paths, title="AdK")
    assert bytes(desk.bytes["adk.dcd"]) == TRAJECTORY
    assert len({one.idempotency_key for one in desk.begun}) == 1


def test_a_file_that_was_written_again_is_another_deposit(
    repo: Repository, desk: Desk, paths: tuple[Path, Path]
) -> None:
    repo.deposit(*paths, title="AdK")
    os.utime(paths[1], ns=(1, 1))
    repo.deposit(*paths, title="AdK")
    assert len({one.idempotency_key for one in desk.begun}) == 2


def test_a_refused_deposit_says_why(repo: Repository, desk: Desk, paths: tuple[Path, Path]) -> None:
    refused = FileRefusedError("adk.dcd is cut", remedy="copy it again", facts={"reason": "truncated"})
    desk.final = deposits_pb2.Deposit(id="deposit-1", state="quarantined", refusal=failure_to_wire(refused))
    with pytest.raises(FileRefusedError, match=r"adk\.dcd is cut") as caught:
        repo.deposit(*paths, title="AdK")
    assert caught.value.facts == {"reason": "truncated"}


def test_a_refused_deposit_is_looked_at_anew_when_somebody_asks_again(
    repo: Repository, desk: Desk, paths: tuple[Path, Path]
) -> None:
    desk.refused_before = 2
    assert repo.deposit(*paths, title="AdK").accession == "FOM-402917"
    keys = [one.idempotency_key for one in desk.begun]
    assert len(set(keys)) == 3
    desk.begun.clear()
    repo.deposit(*paths, title="AdK")
    assert [one.idempotency_key for one in desk.begun] == keys  # so that what comes after them is continued


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def write_anew(path: Path) -> None:
    """Write other bytes, as many, and set the time of the last change back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(("change", "said"), [(grow, "now has more"), (write_anew, "was written to")])
def test_a_file_that_changes_meanwhile_is_not_deposited(
    repo: Repository,
    desk: Desk,
    paths: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    said: str,
) -> None:
    monkeypatch.setattr("fomrepo.client.deposit_send.BLOCKS_AHEAD", 1)  # or all of it is read before anything is sent

    def meanwhile(progress: DepositProgress) -> None:
        if progress.step.endswith("adk.dcd"):
            change(paths[1])

    with pytest.raises(ArgumentError, match=f"had {len(TRAJECTORY)} bytes when the deposit began, and {said}"):
        repo.deposit(*paths, title="AdK", progress=meanwhile)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["absent.psf"], "No such file"),
        (["folder"], "is no file"),
        (["empty.psf"], "is empty"),
        ([".hidden.psf"], "not a file name that a record can hold"),
        (["adk.psf", "sub/adk.psf"], "two files are named adk.psf"),
        (["adk.xtc"], "does not say what its atoms are"),
        (["adk.xtc", "adk.psf"], "name its topology first"),
    ],
)
def test_bad_input_is_named_before_a_byte_is_sent(tmp_path: Path, names: list[str], said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "empty.psf").touch()
    for name in ("adk.psf", "sub/adk.psf", ".hidden.psf", "adk.xtc"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ArgumentError) as caught:
        look_at_files(tuple(tmp_path / name for name in names))
    assert said in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_one_may_not_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "adk.psf").write_bytes(b"x")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root reads everything
    with pytest.raises(ArgumentError, match="permission denied") as caught:
        look_at_files((tmp_path / "adk.psf",))
    assert caught.value.remedy == f"chmod u+r {tmp_path / 'adk.psf'}, if it is yours"


def test_topologies_alone_are_not_paired(tmp_path: Path) -> None:
    for name in ("a.psf", "b.gro", "c.pdb", "d.xtc"):
        (tmp_path / name).write_bytes(b"x")
    found = look_at_files(tuple(tmp_path / name for name in ("a.psf", "b.gro", "c.pdb", "d.xtc")))
    assert [one.expected.topology for one in found] == [None, None, None, "a.psf"]


@pytest.fixture
def stored(site: ScriptedSite, repo: Repository) -> RemoteFile:
    """A file whose bytes the site has."""
    described = files_pb2.File()
    described.CopyFrom(FILES[0])
    described.size, described.digest = len(TRAJECTORY), hashlib.sha256(TRAJECTORY).hexdigest()
    site.answers["GetRecord"] = lambda _: files_pb2.Record(
        accession="FOM-402917", version=2, state="private", project="alice", name="adk", files=[described]
    )
    site.answers["ReadFile"] = lambda request: (
        files_pb2.Chunk(data=TRAJECTORY[start : start + 2**20])
        for start in range(request.offset, len(TRAJECTORY), 2**20)
    )
    return repo["FOM-402917"]["adk.psf"]


def test_a_download_is_verified(site: ScriptedSite, stored: RemoteFile, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    target = stored.download(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert target == tmp_path / "adk.psf"
    assert target.read_bytes() == TRAJECTORY
    assert told[-1] == (len(TRAJECTORY), len(TRAJECTORY))
    assert site.requests("ReadFile")[0].record == "FOM-402917.v2"
    assert stored.download(tmp_path) == target
    assert site.counted["ReadFile"] == 1


def test_a_download_is_continued(site: ScriptedSite, stored: RemoteFile, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored.download(tmp_path / "mine.psf", progress=interrupt)
    assert (tmp_path / "mine.psf.part").stat().st_size == 2**20
    assert stored.download(tmp_path / "mine.psf").read_bytes() == TRAJECTORY
    assert [one.offset for one in site.requests("ReadFile")] == [0, 2**20]
    assert [one.name for one in tmp_path.iterdir()] == ["mine.psf"]


def test_wrong_bytes_are_not_kept(site: ScriptedSite, stored: RemoteFile, tmp_path: Path) -> None:
    site.answers["ReadFile"] = lambda _: iter([files_pb2.Chunk(data=b"other bytes")])
    with pytest.raises(DigestMismatchError, match="not those of FOM-402917"):
        stored.download(tmp_path)
    site.answers["ReadFile"] = lambda _: (files_pb2.Chunk(data=bytes(2**20)) for _ in range(100))
    with pytest.raises(DigestMismatchError):
        stored.download(tmp_path)
    assert list(tmp_path.glob("adk*")) == []


def test_another_file_is_not_overwritten(stored: RemoteFile, tmp_path: Path) -> None:
    (tmp_path / "adk.psf").write_bytes(b"mine")
    with pytest.raises(ArgumentError, match="exists and is another file"):
        stored.download(tmp_path)
    assert (tmp_path / "adk.psf").read_bytes() == b"mine"


def test_a_name_from_a_site_does_not_leave_the_folder(
    site: ScriptedSite, repo: Repository, stored: RemoteFile, tmp_path: Path
) -> None:
    record: Any = site.answers["GetRecord"](None)
    record.files[0].name = "../evil"
    site.answers["GetRecord"] = lambda _: record
    with pytest.raises(ArgumentError, match="not a file name"):
        repo["FOM-402917"]["../evil"].download(tmp_path)


@pytest.mark.parametrize("given", [{"project": "mine"}, {"name": "other"}])
def test_a_new_version_stays_where_its_record_is(
    site: ScriptedSite, repo: Repository, paths: tuple[Path, Path], given: dict[str, str]
) -> None:
    with pytest.raises(ArgumentError, match="stays in its project, under its name"):
        repo.deposit(*paths, title="Newer", new_version_of="FOM-402917", **given)
    assert site.counted["Begin"] == 0
