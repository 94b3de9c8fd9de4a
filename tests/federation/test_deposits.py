"""Deposits: whatever is cut, killed or full, nothing is half there, and the same command ends in one record."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from MDAnalysisTests.datafiles import DCD2

from fomrepo.client.deposit import DepositProgress
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    DigestMismatchError,
    FileRefusedError,
    NotFoundError,
    SiteUnreachableError,
)
from fomrepo.model.canonical import new_id
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import deposits_pb2
from tests.federation.raw import RawClient, error_of, raw_client
from tests.federation.records import (
    TOPOLOGY,
    TRAJECTORY,
    adk_files,
    bytes_on_their_way,
    deposit_adk,
    object_path,
    until,
)

TITLE = "Deposited in spite of everything"


@pytest.fixture(scope="module")
def own_sites() -> tuple[str, ...]:
    return ("site-a", "site-b")


# --- killed, as others of the federation see it; each step is in test_deposit_kills.py --------------------------------


def kill_before_acceptance(federation: LocalFederation, user: str, paths: tuple[Path, Path]) -> None:
    """Kill the site when the bytes are in the vault and the record is not yet in the catalog, which is held locked."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]

    def kill() -> None:
        until(lambda: _unfinished(federation, user) == "probing")
        catalog = sqlite3.connect(federation.home / "catalog" / "catalog.db", isolation_level=None, timeout=20)
        catalog.execute("BEGIN IMMEDIATE")
        until(lambda: all(object_path(federation, "site-a", one).exists() for one in digests))
        federation["site-a"].kill()
        catalog.execute("ROLLBACK")
        catalog.close()

    _interrupted(federation, user, paths, kill)


def _interrupted(federation: LocalFederation, user: str, paths: tuple[Path, Path], kill: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool, federation.connect(user, site="site-a") as repo:
        killing = pool.submit(kill)
        with pytest.raises(SiteUnreachableError):
            repo.deposit(*paths, title=TITLE)
        killing.result()


def _unfinished(federation: LocalFederation, user: str) -> str:
    with open_administration(federation.home) as administration:
        principal = administration.catalog.people.principal(user)
        assert principal is not None
        found = [one for one in administration.catalog.deposits.unfinished("site-a") if one.principal == principal.id]
        return found[0].state.value if found else ""


Interrupt = Callable[[LocalFederation, str, tuple[Path, Path]], None]


def on_progress(matches: Callable[[DepositProgress], bool]) -> Interrupt:
    """Kill the site when the client says that the deposit is so far."""

    def interrupt(federation: LocalFederation, user: str, paths: tuple[Path, Path]) -> None:
        killed = threading.Event()

        def listen(progress: DepositProgress) -> None:
            if matches(progress) and not killed.is_set():
                federation["site-a"].kill()
                killed.set()

        with federation.connect(user, site="site-a") as repo, pytest.raises(SiteUnreachableError):
            repo.deposit(*paths, title=TITLE, progress=listen)
        assert killed.wait(10)

    return interrupt


STEPS: dict[str, Interrupt] = {
    "in the second file": on_progress(lambda p: TRAJECTORY in p.step and p.done > 2 * 2**20),
    "stored, not accepted": kill_before_acceptance,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_nothing_half_visible_and_the_same_again_ends_it(
    fragile: LocalFederation, user: str, tmp_path: Path, step: str
) -> None:
    paths = adk_files(tmp_path)
    STEPS[step](fragile, user, paths)
    with fragile.connect(user, site="site-b") as elsewhere:
        assert list(elsewhere.records()) == []
        with pytest.raises(NotFoundError):
            elsewhere[f"/{user}/deposited-in-spite-of-everything"]
    fragile.start("site-a")
    with fragile.connect(user, site="site-a") as repo:
        record = repo.deposit(*paths, title=TITLE)
        assert repo.deposit(*paths, title=TITLE).versioned == record.versioned == f"{record.accession}.v1"
        assert [one.accession for one in repo.records()] == [record.accession]
        assert [one.sha256 for one in record] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
        assert record[TRAJECTORY].info().n_atoms == 3341
    assert bytes_on_their_way(fragile, "site-a") == []


def test_a_deposit_goes_on_where_its_bytes_are(fragile: LocalFederation, user: str, tmp_path: Path) -> None:
    paths = adk_files(tmp_path)
    STEPS["in the second file"](fragile, user, paths)
    fragile.start("site-a")
    with fragile.connect(user, site="site-b") as repo:
        record = repo.deposit(*paths, title=TITLE)
        assert {one.site for one in repo.replicas(record.accession)} == {"site-a"}


# --- streams ----------------------------------------------------------------------------------------------------------


class Draft:
    """A deposit of one file, sent by hand."""

    def __init__(self, client: RawClient, content: bytes, **fields: object) -> None:
        self.client, self.content = client, content
        self.digest = hashlib.sha256(content).hexdigest()
        self.request = deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(),
            title=f"By hand {self.digest[:12]}",
            files=[deposits_pb2.FileToCome(name=TOPOLOGY, size=len(content))],
            **fields,  # type: ignore[arg-type]  # of the message
        )
        self.id = self.begun().id

    def begun(self) -> deposits_pb2.Deposit:
        return self.client.deposits.Begin(self.request)

    def chunks(self, start: int, end: int, *, digest: str = "") -> Iterator[deposits_pb2.UploadChunk]:
        yield deposits_pb2.UploadChunk(deposit=self.id, name=TOPOLOGY, offset=start)
        for position in range(start, end, 2**18):
            yield deposits_pb2.UploadChunk(data=self.content[position : min(position + 2**18, end)])
        if digest:
            yield deposits_pb2.UploadChunk(digest=digest)

    def upload(self, start: int, end: int, *, digest: str = "") -> deposits_pb2.UploadReply:
        return self.client.deposits.Upload(self.chunks(start, end, digest=digest))

    def completed(self) -> deposits_pb2.Deposit:
        while True:
            reply = self.client.deposits.Complete(deposits_pb2.CompleteDepositRequest(deposit=self.id, wait_s=2.0))
            if reply.state not in ("draft", "probing"):
                return reply


@pytest.fixture
def hand(federation: LocalFederation, user: str, tmp_path: Path) -> Iterator[Draft]:
    """Return a draft of a PSF at site-c of the shared federation, of which no byte was sent."""
    psf, _ = adk_files(tmp_path)
    with raw_client(federation, "site-c", federation.token(user)) as client:
        yield Draft(client, psf.read_bytes())


def test_a_stream_that_was_cut_goes_on_where_it_stopped(hand: Draft) -> None:
    half = len(hand.content) // 2
    held = threading.Event()

    def cut() -> Iterator[deposits_pb2.UploadChunk]:
        yield from hand.chunks(0, half)
        held.wait()

    sending = hand.client.deposits.Upload.future(cut())
    until(lambda: hand.begun().uploads[0].received >= half - 2**18)
    sending.cancel()
    held.set()
    until(lambda: hand.begun().uploads[0].received == half)
    reply = hand.upload(half, len(hand.content), digest=hand.digest)
    assert (reply.received, reply.digest) == (len(hand.content), hand.digest)
    assert hand.completed().accession.endswith(".v1")


def test_what_does_not_continue_is_refused(hand: Draft) -> None:
    hand.upload(0, 2**18)
    for offset in (0, 1, 2**18 - 1, 2**19, 2**63):
        assert isinstance(error_of(hand.client.deposits.Upload, hand.chunks(offset, offset + 10)), ConflictError)
    assert hand.begun().uploads[0].received == 2**18


def test_bytes_that_changed_on_the_way_are_sent_again(hand: Draft, federation: LocalFederation) -> None:
    changed = hashlib.sha256(b"what was read").hexdigest()
    error = error_of(hand.client.deposits.Upload, hand.chunks(0, len(hand.content), digest=changed))
    assert isinstance(error, DigestMismatchError)
    assert hand.begun().uploads[0].received == 0
    assert hand.upload(0, len(hand.content), digest=hand.digest).digest == hand.digest


def test_more_bytes_than_announced_are_refused(hand: Draft) -> None:
    hand.content += b"x" * 10
    error = error_of(hand.client.deposits.Upload, hand.chunks(0, len(hand.content)))
    assert isinstance(error, FileRefusedError)
    assert "announced" in error.message


def test_an_incomplete_deposit_is_not_looked_at(hand: Draft) -> None:
    hand.upload(0, 2**18)
    error = error_of(hand.client.deposits.Complete, deposits_pb2.CompleteDepositRequest(deposit=hand.id))
    assert isinstance(error, ConflictError)
    assert TOPOLOGY in error.message


def test_a_deposit_that_was_given_up_leaves_no_bytes(hand: Draft, federation: LocalFederation, user: str) -> None:
    before = bytes_on_their_way(federation, "site-c")
    hand.upload(0, 2**18)
    assert len(bytes_on_their_way(federation, "site-c")) == len(before) + 1
    hand.client.deposits.Abandon(deposits_pb2.CompleteDepositRequest(deposit=hand.id))
    assert bytes_on_their_way(federation, "site-c") == before
    assert hand.begun().state == "abandoned"


def test_a_key_names_one_deposit(hand: Draft) -> None:
    assert hand.begun().id == hand.id
    hand.request.title = "Something else"
    assert isinstance(error_of(hand.client.deposits.Begin, hand.request), ConflictError)


# --- names, versions, duplicates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [["../adk.psf"], ["/etc/passwd"], [".hidden"], ["adk.psf\0.dcd"], ["a" * 129], ["ADK.psf", "adk.psf"], [""], []],
    ids=lambda names: repr(names)[:30],
)
def test_names_that_a_record_cannot_hold_are_refused(federation: LocalFederation, user: str, names: list[str]) -> None:
    with raw_client(federation, "site-a", federation.token(user)) as client:
        request = deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(), title="t", files=[deposits_pb2.FileToCome(name=name, size=1) for name in names]
        )
        assert isinstance(error_of(client.deposits.Begin, request), ArgumentError)


def test_one_path_names_one_record(repo: Repository) -> None:
    first = deposit_adk(repo, title="One of two")
    with pytest.raises(ConflictError, match="already") as caught:
        deposit_adk(repo, title="One of two")
    assert "--new-version-of" in str(caught.value.remedy)
    assert [one.accession for one in repo.records()] == [first.accession]


def test_versions_are_counted_and_stay(repo: Repository) -> None:
    first = deposit_adk(repo, title="Versions")
    second = deposit_adk(repo, path=DCD2, title="Versions, again", new_version_of=first.path)
    assert second.versioned == f"{first.accession}.v2"
    assert second[TRAJECTORY].n_frames == 102
    assert repo[f"{first.accession}.v1"][TRAJECTORY].sha256 == first[TRAJECTORY].sha256
    assert repo[first.path].version == 2
    with pytest.raises(NotFoundError):
        repo[f"{first.accession}.v3"]


def test_two_records_may_hold_the_same_bytes(repo: Repository, tmp_path: Path) -> None:
    psf, dcd = adk_files(tmp_path)
    shutil.copy(dcd, tmp_path / "twin.dcd")
    first = repo.deposit(psf, dcd, tmp_path / "twin.dcd", title="Twins in one record")
    second = repo.deposit(psf, dcd, title="And in another")
    assert first.accession != second.accession
    assert {one.sha256 for one in first} == {one.sha256 for one in second}
    assert first["twin.dcd"].info().n_frames == second[TRAJECTORY].info().n_frames == 98


def test_two_commands_at_once_end_in_one_record(federation: LocalFederation, user: str, tmp_path: Path) -> None:
    paths = adk_files(tmp_path)
    federation.token(user)

    def deposit(site: str) -> str:
        with federation.connect(user, site=site) as repo:
            try:
                return repo.deposit(*paths, title="A race").versioned
            except ConflictError as error:
                return error.message

    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(deposit, ("site-a", "site-a", "site-b"))
        accessions = {one for one in answers if "by another command" not in one}
    with federation.connect(user) as repo:
        last = repo.deposit(*paths, title="A race").versioned
        assert accessions <= {last}
        assert [one.versioned for one in repo.records()] == [last]


def test_what_is_refused_leaves_no_bytes(federation: LocalFederation, repo: Repository, tmp_path: Path) -> None:
    psf, dcd = adk_files(tmp_path)
    dcd.write_bytes(dcd.read_bytes()[:-1000])
    for _ in range(2):
        with pytest.raises(FileRefusedError, match="cut off"):
            repo.deposit(psf, dcd, title="Cut short")
    assert list(repo.records()) == []
    assert not object_path(federation, "site-a", hashlib.sha256(psf.read_bytes()).hexdigest()).exists()
    assert bytes_on_their_way(federation, "site-a") == []
