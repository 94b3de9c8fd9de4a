"""Depositing a folder: whatever is cut, exchanged, read-only or silent, the same steps again end in one record."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.client.deposit_folder import FolderDeposit
from fomrepo.client.deposit_memory import MEMORY_NAME
from fomrepo.client.deposit_send import LocalFile
from fomrepo.client.planned_files import look_at_planned, read_plan
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    FileRefusedError,
    SiteBusyError,
    SiteUnreachableError,
    StorageError,
)
from fomrepo.model.canonical import new_id
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import deposits_pb2
from tests.federation.raw import error_of, raw_client
from tests.federation.records import TOPOLOGY, TRAJECTORY, adk_files, bytes_on_their_way, until

IDLE_S, THREADS = 2.0, 8
#: Of a file that takes a site a while to copy.
COPIED_BYTES = 64 * 2**20
PLAN = DepositPlan(
    (PlannedFile(TOPOLOGY), PlannedFile(TRAJECTORY, TOPOLOGY)),
    title="A folder",
    creators=(Creator("Ada Lovelace"),),
    licence="CC-BY-4.0",
    category=("transition path",),
    metadata={"temperature": "300 K"},
)


@pytest.fixture(scope="module")
def site(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Return a federation of one site that loses patience soon, with a vault that can be made read-only."""
    federation = LocalFederation(
        open_folder(),
        sites=("site-a",),
        slots=2,
        variables={"FOMREPO_SITE_UPLOAD_IDLE_S": str(IDLE_S), "FOMREPO_SITE_THREADS": str(THREADS)},
    )
    with federation:
        yield federation


@pytest.fixture
def repo(site: LocalFederation, user: str) -> Iterator[Repository]:
    if not site["site-a"].runs:
        site.start("site-a")
    with site.connect(user) as connected:
        yield connected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of adenylate kinase with bytes that nobody has, and its plan."""
    adk_files(tmp_path)
    write(tmp_path, PLAN)
    return tmp_path


def write(folder: Path, plan: DepositPlan) -> None:
    (folder / "fomrepo.toml").write_text(plan.to_text())


def steps(repo: Repository, folder: Path, *, wire: bool = False) -> FolderDeposit:
    """Return the steps of a folder, for whom nobody waits."""
    return repo.deposit_folder(folder, patience_s=0.0, wire=wire)


def pushed(repo: Repository, folder: Path) -> tuple[str, ...]:
    with steps(repo, folder) as deposit:
        return deposit.push().sent


def submitted(repo: Repository, folder: Path) -> str:
    with steps(repo, folder) as deposit:
        return deposit.submit()


def reports(site: LocalFederation) -> set[str]:
    """What the probes said of files whose deposits have not ended."""
    return {name for name in bytes_on_their_way(site, "site-a") if name.endswith(".report")}


def test_each_step_again_is_the_same_and_ends_in_one_record(
    repo: Repository, folder: Path, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)
    assert pushed(repo, folder) == ()
    accession = submitted(repo, folder)
    assert submitted(repo, folder) == accession
    (folder / MEMORY_NAME).unlink()  # is found again by its key
    assert pushed(repo, folder) == ()
    assert submitted(repo, folder) == accession
    assert [one.versioned for one in repo.records()] == [accession]
    record = repo[f"/{user}/a-folder"]
    assert [one.sha256 for one in record] == [
        hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (TOPOLOGY, TRAJECTORY)
    ]
    with steps(repo, folder) as deposit:
        late = deposits_pb2.Deposit(
            id=deposit.draft.memory.read().deposit, state="probing"
        )  # what was known a moment ago
        for known in (deposit.draft.find(), late):
            monkeypatch.setattr(deposit.draft, "find", lambda known=known: known)
            with pytest.raises(ConflictError, match=f"is {accession} already"):
                deposit.abandon()
        monkeypatch.undo()
        status = deposit.status()
    assert (status.state, status.accession, [one.verified for one in status.files]) == (
        "accepted",
        accession,
        [True] * 2,
    )


def test_a_deposited_folder_that_changed_is_a_new_version(repo: Repository, folder: Path, tmp_path: Path) -> None:
    pushed(repo, folder)
    accession = submitted(repo, folder).partition(".")[0]
    adk_files(folder)
    with pytest.raises(ArgumentError, match="is deposited as") as caught:
        pushed(repo, folder)
    assert f'new_version_of = "{accession}"' in str(caught.value.remedy)
    write(folder, replace(PLAN, new_version_of=accession))
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)
    assert submitted(repo, folder) == f"{accession}.v2"


def test_one_refused_file_costs_that_file_alone(site: LocalFederation, repo: Repository, folder: Path) -> None:
    """What was found out about each is kept for the next look."""
    reports_before = reports(site)
    whole = (folder / TRAJECTORY).read_bytes()
    (folder / TRAJECTORY).write_bytes(whole[:-1000])
    pushed(repo, folder)
    for _ in range(2):
        with pytest.raises(FileRefusedError, match="cut off") as caught:
            submitted(repo, folder)
        assert "deposit push" in str(caught.value.remedy)
        assert len(reports(site) - reports_before) == 2
    assert list(repo.records()) == []
    (folder / TRAJECTORY).write_bytes(whole)
    with pytest.raises(ConflictError, match="does not have all of"):
        submitted(repo, folder)
    assert pushed(repo, folder) == (TRAJECTORY,)
    assert submitted(repo, folder).endswith(".v1")
    assert reports(site) == reports_before


def test_what_changed_since_it_was_sent_is_sent_again(repo: Repository, folder: Path) -> None:
    pushed(repo, folder)
    content = bytearray((folder / TOPOLOGY).read_bytes())
    content[-2] ^= 1
    (folder / TOPOLOGY).write_bytes(content)
    assert pushed(repo, folder) == (TOPOLOGY,)
    with steps(repo, folder) as deposit:
        assert deposit.status().state == "draft"


def test_the_plan_can_change_until_it_is_submitted(repo: Repository, folder: Path) -> None:
    pushed(repo, folder)
    write(folder, replace(PLAN, title="Another title", licence="", files=PLAN.files[:1]))
    with pytest.raises(ArgumentError, match="does not say licence"):
        submitted(repo, folder)
    write(folder, replace(PLAN, title="Another title", files=PLAN.files[:1]))
    record = repo[submitted(repo, folder).partition(".")[0]]
    assert (record.title, [one.name for one in record]) == ("Another title", [TOPOLOGY])


@pytest.mark.parametrize("claims", ["{", "[]", '{"a": 1e999}', '{"a": NaN}', '{"a": "\\u0000"}', "[" * 100_000])
def test_claims_that_are_no_object_of_json_are_refused(
    site: LocalFederation, repo: Repository, user: str, claims: str
) -> None:
    with raw_client(site, "site-a", site.token(user)) as client:
        request = deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(), title="t", claims_json=claims, files=[deposits_pb2.FileToCome(name="a", size=1)]
        )
        assert isinstance(error_of(client.deposits.Begin, request), ArgumentError)


def test_what_was_given_up_begins_anew(site: LocalFederation, repo: Repository, folder: Path) -> None:
    before = bytes_on_their_way(site, "site-a")
    pushed(repo, folder)
    with steps(repo, folder) as deposit:
        deposit.abandon()
        assert deposit.status().state == "none"
    assert bytes_on_their_way(site, "site-a") == before
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_a_file_goes_on_behind_what_is_proven(site: LocalFederation, repo: Repository, folder: Path) -> None:
    """The link drops within each file; what is sent again is less than what was left."""
    size = (folder / TRAJECTORY).stat().st_size
    seen: list[int] = []

    class DroppedError(Exception):
        pass

    def drop(name: str, done: int, _: int) -> None:
        if name == TRAJECTORY and done > size // 2:
            raise DroppedError

    with steps(repo, folder, wire=True) as deposit, pytest.raises(DroppedError):
        deposit.push(progress=drop)
    until(lambda: _received(repo, folder) >= size // 2 - 2**20)
    part = _received(repo, folder)
    with steps(repo, folder, wire=True) as deposit:
        assert deposit.push(progress=lambda name, done, _: seen.append(done) if name == TRAJECTORY else None).sent
    assert part in seen  # it was read to where the site had it, and sent from there
    assert submitted(repo, folder)


def test_a_part_of_other_bytes_is_noticed_before_more_is_sent(
    site: LocalFederation, repo: Repository, folder: Path, user: str
) -> None:
    with steps(repo, folder) as deposit:
        deposit.push()
        deposit.abandon()
    with steps(repo, folder) as deposit:  # open it, and send the beginning of another file
        draft = deposit.draft.find_or_open(_looked_at(folder))
    with raw_client(site, "site-a", site.token(user)) as client:
        client.deposits.Upload(
            iter([
                deposits_pb2.UploadChunk(deposit=draft.id, name=TRAJECTORY, offset=0),
                deposits_pb2.UploadChunk(data=b"of another file" * 1000),
            ])
        )  # fmt: skip
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)
    assert submitted(repo, folder)


def test_an_upload_on_which_nothing_comes_is_ended(
    site: LocalFederation, repo: Repository, folder: Path, user: str
) -> None:
    with steps(repo, folder) as deposit:
        draft = deposit.draft.find_or_open(_looked_at(folder))
    held = threading.Event()

    def silent() -> Iterator[deposits_pb2.UploadChunk]:
        yield deposits_pb2.UploadChunk(deposit=draft.id, name=TOPOLOGY, offset=0)
        held.wait(30)

    with raw_client(site, "site-a", site.token(user)) as client:
        try:
            assert isinstance(error_of(client.deposits.Upload, silent()), SiteUnreachableError)
        finally:
            held.set()
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)  # its file is free again


def test_uploads_leave_threads_for_everybody_else(
    site: LocalFederation, repo: Repository, folder: Path, user: str
) -> None:
    with steps(repo, folder) as deposit:
        draft = deposit.draft.find_or_open(_looked_at(folder))
    held = threading.Event()

    def silent() -> Iterator[deposits_pb2.UploadChunk]:
        held.wait(30)
        yield deposits_pb2.UploadChunk(deposit=draft.id, name=TOPOLOGY)

    with raw_client(site, "site-a", site.token(user)) as client:
        sent = [client.deposits.Upload.future(silent()) for _ in range(THREADS)]
        try:
            errors = [error_of(lambda _, timeout, one=one: one.result(), None) for one in sent]
            busy = [one for one in errors if isinstance(one, SiteBusyError)]
            assert 1 <= len(busy) <= THREADS // 2
            assert busy[0].facts["retry_after_s"]
        finally:
            held.set()
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)


def test_a_killed_site_goes_on_by_itself(site: LocalFederation, repo: Repository, folder: Path, user: str) -> None:
    """What was handed over completely becomes a record, although nobody asks again."""
    before = bytes_on_their_way(site, "site-a")
    pushed(repo, folder)
    with steps(repo, folder) as deposit:
        draft = deposit.draft.find_or_open(_looked_at(folder))
    with raw_client(site, "site-a", site.token(user)) as client:
        assert client.deposits.Complete(deposits_pb2.CompleteDepositRequest(deposit=draft.id)).state == "probing"
        site["site-a"].kill()
    site.start("site-a")
    with site.connect(user) as again:
        until(lambda: [one.title for one in again.records()] == ["A folder"])
        assert submitted(again, folder) == f"{next(again.records()).accession}.v1"
    assert bytes_on_their_way(site, "site-a") == before


def test_a_kill_amid_a_copy_costs_what_was_on_its_way(
    site: LocalFederation, repo: Repository, folder: Path, user: str
) -> None:
    with (folder / TRAJECTORY).open("rb+") as stream:
        stream.truncate(COPIED_BYTES)  # refused later, and worth a kill now
    with steps(repo, folder) as deposit, suppress(SiteUnreachableError):  # unless the kill came too late
        deposit.push(progress=lambda name, done, _: site["site-a"].kill() if name == TRAJECTORY and done else None)
    site.start("site-a")
    with site.connect(user) as again, steps(again, folder) as deposit:
        deposit.push()
        digest = hashlib.sha256((folder / TRAJECTORY).read_bytes()).hexdigest()
        assert deposit.draft.memory.read().files[TRAJECTORY].sha256 == digest
        deposit.abandon()


# --- disks ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_read_only_vault_is_told_and_comes_back(site: LocalFederation, repo: Repository, folder: Path) -> None:
    incoming = site.home / "vault" / "incoming"
    subprocess.run(["mount", "--bind", incoming, incoming], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", incoming], check=True)
        with pytest.raises(StorageError, match="Read-only file system") as caught:
            pushed(repo, folder)
        assert "writable" in str(caught.value.remedy)
        subprocess.run(["mount", "-o", "remount,bind,rw", incoming], check=True)
        assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)
    finally:
        subprocess.run(["umount", "--lazy", incoming], check=True)
    assert submitted(repo, folder)


def test_a_folder_that_nobody_may_write_remembers_elsewhere(
    repo: Repository, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    really_replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if Path(target).parent == folder:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return really_replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    assert pushed(repo, folder) == (TOPOLOGY, TRAJECTORY)
    assert pushed(repo, folder) == ()
    assert sorted(one.name for one in folder.iterdir()) == sorted([TOPOLOGY, TRAJECTORY, "fomrepo.toml"])


def _received(repo: Repository, folder: Path) -> int:
    with steps(repo, folder) as deposit:
        return {one.name: one.received for one in deposit.status().files}[TRAJECTORY]


def _looked_at(folder: Path) -> list[LocalFile]:
    return look_at_planned(folder, read_plan(folder))
