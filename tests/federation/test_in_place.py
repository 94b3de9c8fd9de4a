"""Files that are registered where they lie: read once, copied nowhere, answered for only while they stay the same."""

from __future__ import annotations

import base64
import hashlib
import json
import mmap
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fomrepo
from fomrepo.client.deposit import DepositProgress
from fomrepo.client.deposit_folder import FolderDeposit
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.client.results.result import Result
from fomrepo.errors import (
    ConflictError,
    FileRefusedError,
    FomrepoError,
    NoReplicaError,
    NotAllowedError,
    SiteUnreachableError,
)
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.model.files import Guard, Replica, ReplicaState
from fomrepo.site.administration import open_administration
from fomrepo.site.settings import SiteHome
from fomrepo.testing import LocalFederation
from fomrepo.vault.in_place import LEASED_SYSTEMS, file_system_of
from fomrepo.vault.memory import COPY_LIMIT_BYTES
from fomrepo.wire.door import receive_message, send_message
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2, failures_pb2
from tests.federation.raw import raw_client
from tests.federation.records import TOPOLOGY, TRAJECTORY, adk_files, object_path, runs, spoil, until

MIB = 2**20
NOBODY = 65534
SOMEBODY = 12345

#: A depositor who has nothing of fomrepo's and is neither root nor the site's user: opens, takes a lease, hands over.
OTHER_DEPOSITOR = """
import fcntl, json, os, socket, struct, sys
door, path, deposit = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
talk = socket.socket(socket.AF_UNIX)
talk.connect(door)
def say(message, descriptors=()):
    body = json.dumps(message).encode()
    socket.send_fds(talk, [struct.pack("<I", len(body))], descriptors)
    talk.sendall(body)
def hear():
    return json.loads(talk.recv(struct.unpack("<I", talk.recv(4))[0], socket.MSG_WAITALL))
say(deposit)
while not {"placed", "failure", "ended"} & (told := hear()).keys():
    if "want" in told:
        opened = os.open(path, os.O_RDONLY)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        say({"path": path}, [opened])
        os.close(opened)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def one_site(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """One site of this module's own, whose door everybody may reach, and for which half a second is a rest."""
    doors = open_folder()
    if os.geteuid() == 0:
        shutil.chown(doors, NOBODY, NOBODY)  # whom a site becomes that root starts
    made = LocalFederation(open_folder(), sites=("site-a",), slots=2)
    settings = made.home / "site.toml"
    settings.write_text(f'{settings.read_text()}\ndoor = "{doors}/a.sock"\nstable_s = 0.5\nchecks_on_deposit = false\n')
    with made as started:
        yield started


@pytest.fixture
def site(one_site: LocalFederation) -> LocalFederation:
    """The module's site, up."""
    if not one_site["site-a"].runs:
        one_site.start("site-a")
    return one_site


@pytest.fixture
def repo(site: LocalFederation, user: str) -> Iterator[Repository]:
    """Return a new user's client."""
    with site.connect(user) as connected:
        yield connected


@pytest.fixture
def token(site: LocalFederation, user: str) -> str:
    """Return his token."""
    return site.token(user)


def readable_adk(folder: Path) -> tuple[Path, Path]:
    """Write topology and trajectory with bytes that nobody has, in a folder that everybody may read."""
    psf, dcd = adk_files(folder.resolve() / "data")
    for path in (psf, dcd, psf.parent):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return psf, dcd


@pytest.fixture
def data(open_folder: Callable[[], Path]) -> tuple[Path, Path]:
    """Files of adenylate kinase that everybody may read."""
    return readable_adk(open_folder())


def door_of(site: LocalFederation) -> Path:
    return Path(SiteHome(site.home).read_settings().door)


def register(site: LocalFederation, paths: tuple[Path, ...], *, token: str, title: str = "In place") -> str:
    """Register files as the command does; returns the accession with its version."""
    with fomrepo.connect(site["site-a"].address, token=token, ca=str(site.ca)) as repo:
        record = repo.deposit(
            *paths,
            title=title,
            name=f"in-place-{secrets.token_hex(4)}" if title == "In place" else None,
            claims={"temperature": "300 K"},
            in_place=True,
        )
        return record.versioned


def draft(site: LocalFederation, path: Path, *, token: str) -> str:
    """Open a draft for one file; returns its id."""
    with raw_client(site, "site-a", token) as client:
        request = deposits_pb2.BeginDepositRequest(
            idempotency_key=secrets.token_hex(16),
            title="One file",
            name=secrets.token_hex(8),
            files=[deposits_pb2.FileToCome(name=path.name, size=path.stat().st_size)],
        )
        return str(client.deposits.Begin(request).id)


def completed(site: LocalFederation, deposit: str, *, token: str) -> str:
    """Make a draft a record; returns its accession."""
    with raw_client(site, "site-a", token) as client:
        request = deposits_pb2.CompleteDepositRequest(deposit=deposit, wait_s=2.0)
        while not (told := client.deposits.Complete(request)).accession:
            assert told.state in ("draft", "probing")
        return str(told.accession)


def replica(site: LocalFederation, digest: str) -> Replica:
    with open_administration(site.home) as administration:
        found = administration.catalog.replicas.get("site-a", digest)
    assert found is not None
    return found


def scrub(site: LocalFederation, *, below: Path = Path("/")) -> dict[str, tuple[str, str]]:
    """Have all files in place read again; returns what those in a folder were, and are now."""
    found: dict[str, tuple[str, str]] = {}
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(door_of(site)))
        send_message(door, {"protocol": 1, "do": "scrub"})
        while "ended" not in (told := receive_message(door)[0]):
            found[told["path"]] = told["before"], told["now"]
    return {path: states for path, states in found.items() if Path(path).is_relative_to(below)}


def failure(told: Mapping[str, Any]) -> FomrepoError:
    """Read a failure that came through the door."""
    return failure_from_wire(failures_pb2.Failure.FromString(base64.b64decode(told["failure"])))


def expected_guard(path: Path) -> Guard:
    """What the machine allows: the depositor owns the file, so a lease wherever leases tell everything."""
    with path.open("rb") as stream:
        return Guard.LEASE if file_system_of(stream.fileno()) in LEASED_SYSTEMS else Guard.REHASH


# --- registering ------------------------------------------------------------------------------------------------------


def test_a_file_in_place_is_an_object_like_any_other_and_copied_nowhere(
    site: LocalFederation, repo: Repository, token: str, data: tuple[Path, Path], tmp_path: Path
) -> None:
    psf, dcd = data
    record = repo[register(site, data, token=token)]
    assert record[TRAJECTORY].n_frames == 98
    assert {one.name: one.text for one in repo.metadata.of(record.versioned).claims} == {"target_temperature": "300 K"}
    found = replica(site, record[TRAJECTORY].sha256)
    assert found.state is ReplicaState.GOOD
    assert found.place is not None
    assert (found.place.path, found.place.guard, found.place.handed_by) == (str(dcd), expected_guard(dcd), os.geteuid())
    assert not object_path(site, "site-a", record[TRAJECTORY].sha256).exists()

    answer = record[TRAJECTORY].radius_of_gyration(stop=5)
    copied = repo.deposit(*adk_files(tmp_path), title="The same, copied")[TRAJECTORY].radius_of_gyration(stop=5)
    np.testing.assert_array_equal(answer.radius_of_gyration, copied.radius_of_gyration)
    guard = expected_guard(dcd).value
    assert dict(answer.provenance.guards) == {TRAJECTORY: guard, TOPOLOGY: guard}
    assert copied.provenance.guards == ()
    assert record[TRAJECTORY].download(tmp_path / "fetched.dcd").read_bytes() == dcd.read_bytes()
    assert psf.exists()


def test_a_file_is_read_once_takes_no_disk_and_is_registered_once(
    site: LocalFederation, token: str, data: tuple[Path, Path]
) -> None:
    def read_bytes() -> int:
        told = dict(line.split(": ") for line in Path(f"/proc/{site['site-a'].pid}/io").read_text().splitlines())
        return int(told["rchar"])

    def used_bytes() -> int:
        return sum(path.stat().st_size for path in (site["site-a"].home / "vault").rglob("*") if path.is_file())

    size = sum(path.stat().st_size for path in data)
    read, used = read_bytes(), used_bytes()
    first = register(site, data, token=token, title="Registered twice")
    assert size <= read_bytes() - read < 1.05 * size + MIB  # the catalog and the log of the site are read as well
    assert used_bytes() - used < MIB
    assert register(site, data, token=token, title="Registered twice") == first
    assert read_bytes() - read < 1.05 * size + MIB

    data[1].chmod(0o000)
    assert scrub(site)[str(data[1])] == ("good", "stale")
    data[1].chmod(0o644)
    assert register(site, data, token=token, title="Registered twice") == first
    assert scrub(site)[str(data[1])] == ("good", "good")


def test_what_was_touched_between_reading_and_the_end_is_taken_by_the_same_command(
    repo: Repository, data: tuple[Path, Path]
) -> None:
    """Its time of writing, by which a deposit is found again, is the same afterwards."""

    def touch(progress: DepositProgress) -> None:
        if progress.step.startswith(f"{TRAJECTORY} is registered"):
            data[1].chmod(0o600)
            data[1].chmod(0o644)

    with pytest.raises(ConflictError, match="not what it was"):
        repo.deposit(*data, title="Touched", in_place=True, progress=touch)
    assert guards(repo, repo.deposit(*data, title="Touched", in_place=True))


def guards(repo: Repository, record: Record) -> dict[str, str]:
    return {one.file: one.guard for one in repo.replicas(record.versioned)}


def test_what_the_vault_has_already_stays_there_and_nobody_is_told(
    site: LocalFederation, repo: Repository, token: str, data: tuple[Path, Path]
) -> None:
    copied = repo.deposit(*data, title="Copied first")
    record = repo[register(site, data, token=token)]
    assert record[TRAJECTORY].sha256 == copied[TRAJECTORY].sha256
    assert replica(site, record[TRAJECTORY].sha256).place is None
    guard = expected_guard(data[1]).value
    assert guards(repo, record) == {TOPOLOGY: guard, TRAJECTORY: guard}
    assert guards(repo, copied) == {TOPOLOGY: "", TRAJECTORY: ""}


def test_of_two_files_with_the_same_bytes_one_stands_in_for_the_other(
    site: LocalFederation, repo: Repository, token: str, data: tuple[Path, Path], open_folder: Callable[[], Path]
) -> None:
    shutil.copytree(data[0].parent, other := open_folder().resolve() / "other")
    record = repo[register(site, data, token=token)]
    record[TRAJECTORY].radius_of_gyration(stop=2)
    before = replica(site, record[TRAJECTORY].sha256)
    register(site, (other / TOPOLOGY, other / TRAJECTORY), token=token)
    assert replica(site, record[TRAJECTORY].sha256) == before
    data[1].unlink()
    assert record[TRAJECTORY].radius_of_gyration(stop=2).cached
    place = replica(site, record[TRAJECTORY].sha256).place
    assert place is not None
    assert place.path == str(other / TRAJECTORY)
    (other / TRAJECTORY).unlink()
    with pytest.raises(NoReplicaError, match="in place"):
        record[TRAJECTORY].radius_of_gyration(stop=2)


def test_a_file_that_is_being_written_is_not_taken(site: LocalFederation, token: str, data: tuple[Path, Path]) -> None:
    with data[0].open("ab"), pytest.raises(ConflictError, match="open for writing"):
        register(site, data, token=token, title="Half written")


def test_a_damaged_file_is_refused_as_in_any_deposit(
    site: LocalFederation, token: str, data: tuple[Path, Path]
) -> None:
    with data[1].open("r+b") as stream:
        stream.truncate(2 * MIB + 1)
    for _ in range(2):
        with pytest.raises(FileRefusedError, match="last frame") as caught:
            register(site, data, token=token, title="Cut")
        assert caught.value.facts["reason"] == "truncated"


def test_the_site_s_user_must_be_able_to_read_it(site: LocalFederation, token: str, data: tuple[Path, Path]) -> None:
    data[1].parent.chmod(0o000)
    data[1].chmod(0o000)
    try:
        if os.geteuid() != 0:  # then the depositor, who is the site's user too, cannot open it either
            return
        with pytest.raises(FileRefusedError, match="cannot read adk") as caught:
            register(site, data, token=token)
        assert "setfacl" in str(caught.value.remedy)
    finally:
        data[1].parent.chmod(0o755)


def test_an_open_file_is_taken_only_with_the_path_that_leads_to_it(
    site: LocalFederation, token: str, data: tuple[Path, Path]
) -> None:
    psf, dcd = data
    for wrong in (str(dcd), "/etc/passwd", f"{psf.parent}/../data/{psf.name}", "relative"):
        with socket.socket(socket.AF_UNIX) as door, psf.open("rb") as stream:
            door.connect(str(door_of(site)))
            deposit = draft(site, psf, token=token)
            send_message(door, {"protocol": 1, "do": "place", "token": token, "deposit": deposit})
            assert receive_message(door)[0] == {"want": psf.name}
            send_message(door, {"path": wrong}, descriptor=stream.fileno())
            told = receive_message(door)[0]
            while "step" in told:
                told = receive_message(door)[0]
            assert "failure" in told


@pytest.fixture
def somebody(site: LocalFederation) -> Callable[[Path, dict[str, object]], dict[str, Any]]:
    """Return what says something at the door as another user of this machine."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def at_the_door(path: Path, said: dict[str, object]) -> dict[str, Any]:
        # Not ``run(user=...)``: it forks, and gRPC's threads in this process can keep a fork waiting for a minute.
        other = ("setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups")
        program = (*other, "/usr/bin/python3", "-c", OTHER_DEPOSITOR, str(door_of(site)), str(path), json.dumps(said))
        done = subprocess.run(program, capture_output=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return at_the_door


def test_files_of_others_are_opened_by_themselves_and_kept_under_their_lease(
    site: LocalFederation,
    repo: Repository,
    token: str,
    data: tuple[Path, Path],
    somebody: Callable[[Path, dict[str, object]], dict[str, Any]],
) -> None:
    psf = data[0]
    shutil.chown(psf, SOMEBODY, SOMEBODY)

    deposit = draft(site, psf, token=token)
    said: dict[str, object] = {"protocol": 1, "do": "place", "token": token, "deposit": deposit}
    psf.chmod(0o600)  # his, and not the site's to read
    assert failure(somebody(psf, said)).facts["reason"] == "place"
    psf.chmod(0o644)
    assert somebody(psf, said)["placed"] == [psf.name]
    record = repo[completed(site, deposit, token=token)]
    place = replica(site, record[psf.name].sha256).place
    assert place is not None
    assert (place.handed_by, place.guard) == (SOMEBODY, expected_guard(psf))


def test_not_everybody_may_have_everything_read_again(
    site: LocalFederation, somebody: Callable[[Path, dict[str, object]], dict[str, Any]]
) -> None:
    assert isinstance(failure(somebody(Path("/"), {"protocol": 1, "do": "scrub"})), NotAllowedError)


def test_a_large_file_is_looked_at_where_it_lies(
    site: LocalFederation, repo: Repository, token: str, open_folder: Callable[[], Path]
) -> None:
    """Larger than what is copied into memory; all zeros, so that it takes no disk."""
    path = open_folder().resolve() / "zeros.npy"
    np.lib.format.open_memmap(path, "w+", "<f8", (COPY_LIMIT_BYTES // 8,)).flush()
    path.chmod(0o644)
    record = repo[register(site, (path,), token=token)]
    with path.open("rb") as stream:
        assert record["zeros.npy"].sha256 == hashlib.file_digest(stream, "sha256").hexdigest()
    assert record["zeros.npy"].facts["shape"] == [COPY_LIMIT_BYTES // 8]


def test_a_kill_leaves_nothing_and_the_rerun_makes_one_record(
    site: LocalFederation, user: str, token: str, data: tuple[Path, Path]
) -> None:
    def drafts() -> int:
        with open_administration(site.home) as administration:
            return len(administration.catalog.deposits.unfinished("site-a"))

    before, failures = drafts(), []

    def try_it() -> None:
        try:
            register(site, data, token=token, title="Killed meanwhile")
        except FomrepoError as error:
            failures.append(error)

    command = threading.Thread(target=try_it)
    command.start()
    until(lambda: drafts() > before)
    site["site-a"].kill()
    command.join()
    assert len(failures) == 1
    site.start("site-a")
    with site.connect(user) as again:
        assert [one.title for one in again.records()] == []
        accession = register(site, data, token=token, title="Killed meanwhile")
        assert [one.versioned for one in again.records()] == [accession]


# --- step by step -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(data: tuple[Path, Path]) -> Path:
    """Return the folder of the files, with a plan by which they stay there."""
    plan = DepositPlan(
        (PlannedFile(TOPOLOGY), PlannedFile(TRAJECTORY, TOPOLOGY)),
        title=f"Stays {secrets.token_hex(4)}",
        creators=(Creator("Ada Lovelace"),),
        licence="CC-BY-4.0",
        category=("transition path",),
        in_place=True,
    )
    (data[0].parent / "fomrepo.toml").write_text(plan.to_text())
    return data[0].parent


def steps(repo: Repository, folder: Path) -> FolderDeposit:
    return repo.deposit_folder(folder, patience_s=0.0)


def test_the_steps_of_a_folder_register_it_where_it_lies(site: LocalFederation, repo: Repository, folder: Path) -> None:
    guard = expected_guard(folder / TOPOLOGY).value
    with steps(repo, folder) as deposit:
        first = deposit.push()
        assert (first.sent, dict(first.guards)) == ((TOPOLOGY, TRAJECTORY), {TOPOLOGY: guard, TRAJECTORY: guard})
        assert deposit.push().sent == ()
        assert {one.name: one.guard for one in deposit.status().files} == dict(first.guards)
        assert [one.refusal for one in deposit.check()] == [None, None]
        accession = deposit.submit()
        assert deposit.submit() == accession
        assert deposit.push().accession == accession
    record = repo[accession]
    place = replica(site, record[TRAJECTORY].sha256).place
    assert place is not None
    assert place.path == str(folder / TRAJECTORY)
    assert record[TRAJECTORY].radius_of_gyration(stop=2).site == "site-a"


@pytest.mark.parametrize("same_time", [False, True])
def test_a_file_that_changes_between_the_steps_is_read_again(
    repo: Repository, folder: Path, *, same_time: bool
) -> None:
    with steps(repo, folder) as deposit:
        deposit.push()
        spoil(folder / TRAJECTORY)  # leaves size and time of writing as they were
        if not same_time:
            os.utime(folder / TRAJECTORY)
        with pytest.raises(ConflictError, match="not what it was" if same_time else "does not have all"):
            deposit.submit()
        assert deposit.push().sent == (TRAJECTORY,)
        record = repo[deposit.submit()]
    assert record[TRAJECTORY].sha256 == hashlib.sha256((folder / TRAJECTORY).read_bytes()).hexdigest()


def test_a_refused_file_leaves_the_draft_with_the_others(repo: Repository, folder: Path) -> None:
    whole = (folder / TRAJECTORY).read_bytes()
    cut(folder / TRAJECTORY)
    with steps(repo, folder) as deposit:
        with pytest.raises(FileRefusedError, match="last frame"):
            deposit.push()
        (folder / TRAJECTORY).write_bytes(whole)
        assert deposit.push().sent == (TRAJECTORY,)
        assert repo[deposit.submit()][TRAJECTORY].n_frames == 98


def test_files_stay_in_place_only_on_the_machine_of_their_site(
    repo: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fomrepo.client.deposit_door.this_machine", lambda: "another")
    with steps(repo, folder) as deposit, pytest.raises(SiteUnreachableError, match="another machine") as caught:
        deposit.push()
    assert "in_place in fomrepo.toml" in str(caught.value.remedy)


def test_a_draft_is_copied_or_registered_and_never_both(repo: Repository, folder: Path) -> None:
    with steps(repo, folder) as deposit:
        deposit.push()
        deposit.plan = replace(deposit.plan, in_place=False)
        with pytest.raises(ConflictError, match="registered in place already") as caught:
            deposit.push()
        assert "deposit abandon" in str(caught.value.remedy)


# --- changes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A record in place, of which an answer is kept, and its files."""

    record: Record
    psf: Path
    dcd: Path

    @property
    def content(self) -> str:
        """Digest of the trajectory."""
        return self.record[TRAJECTORY].sha256

    def answer(self, stop: int = 2) -> Result:
        return self.record[TRAJECTORY].radius_of_gyration(stop=stop)


@pytest.fixture(scope="module")
def shared(one_site: LocalFederation, open_folder: Callable[[], Path]) -> Iterator[Placed]:
    """The record that the tests of this part share; each leaves the files behind as it found them."""
    psf, dcd = readable_adk(open_folder())
    accession = register(one_site, (psf, dcd), token=one_site.token("owner"))
    with one_site.connect("owner") as repo:
        yield Placed(repo[accession], psf, dcd)


@pytest.fixture
def placed(site: LocalFederation, shared: Placed) -> Iterator[Placed]:
    """Return the shared record, good; what becomes of its folder is undone."""
    folder, kept = shared.dcd.parent, shared.dcd.parent.with_name("kept")
    shutil.copytree(folder, kept)
    yield shared
    folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    kept.rename(folder)
    assert {now for _, now in scrub(site, below=folder).values()} == {"good"}


def replaced_by_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere.dcd"))
    path.symlink_to("elsewhere.dcd")


def folder_replaced_by_a_link(path: Path) -> None:
    shutil.move(path.parent, path.parent.with_name("elsewhere"))
    path.parent.symlink_to("elsewhere", target_is_directory=True)


def cut(path: Path) -> None:
    os.truncate(path, MIB)


def closed_to_the_site(path: Path) -> None:
    path.chmod(0o000)


def test_after_a_change_no_old_answer_is_given(site: LocalFederation, placed: Placed) -> None:
    placed.answer()
    assert placed.answer().cached
    spoil(placed.dcd)
    before = runs(site)
    with pytest.raises(NoReplicaError, match="in place"):
        placed.answer()
    assert runs(site) == before
    assert replica(site, placed.content).state is ReplicaState.STALE


@pytest.mark.parametrize("deed", [Path.unlink, replaced_by_a_link, folder_replaced_by_a_link, cut, closed_to_the_site])
def test_what_is_not_there_or_not_to_be_read_is_not_computed_on(
    site: LocalFederation, placed: Placed, deed: Callable[[Path], None]
) -> None:
    deed(placed.dcd)
    before = runs(site)
    with pytest.raises(NoReplicaError, match="in place"):
        placed.answer(stop=3)
    with pytest.raises(NoReplicaError):
        placed.answer(stop=3)
    assert runs(site) == before


def test_a_change_of_mode_takes_effect_and_so_does_its_end(site: LocalFederation, placed: Placed) -> None:
    placed.dcd.chmod(0o000)
    assert scrub(site)[str(placed.dcd)] == ("good", "stale")
    assert scrub(site)[str(placed.dcd)] == ("stale", "stale")
    placed.dcd.chmod(0o644)
    assert scrub(site)[str(placed.dcd)] == ("stale", "good")


def test_a_touched_file_with_the_same_bytes_stays_good(site: LocalFederation, placed: Placed) -> None:
    shutil.copy(placed.dcd, placed.dcd.with_name("new"))
    placed.answer()
    placed.dcd.with_name("new").replace(placed.dcd)
    before = runs(site)
    assert placed.answer().cached
    assert runs(site) == before


def test_a_result_of_a_file_without_a_guard_is_given_and_not_kept(site: LocalFederation, placed: Placed) -> None:
    known = replica(site, placed.content)
    assert known.place is not None
    with open_administration(site.home) as administration:
        administration.catalog.replicas.finish(
            "site-a", placed.content, known.fingerprint, replace(known.place, guard=Guard.NONE)
        )
    before = runs(site)
    for _ in range(2):
        answer = placed.answer(stop=4)
        assert not answer.cached
        assert dict(answer.provenance.guards)[TRAJECTORY] == "none"
    assert runs(site) == before + 2


def test_a_scrub_reads_everything_again_and_finds_what_changed(site: LocalFederation, placed: Placed) -> None:
    before = replica(site, placed.record[TOPOLOGY].sha256).place
    spoil(placed.dcd)
    found = scrub(site)
    assert (found[str(placed.psf)], found[str(placed.dcd)]) == (("good", "good"), ("good", "stale"))
    now = replica(site, placed.record[TOPOLOGY].sha256).place
    assert before is not None
    assert now is not None
    assert now.checked > before.checked


def test_a_write_that_leaves_no_trace_is_found_before_a_result_is_kept(site: LocalFederation) -> None:
    """A file in memory: whoever has it mapped writes to it, and its file system says nothing."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, site.connect("owner") as repo:
        psf, dcd = readable_adk(Path(name))
        Path(name).chmod(0o755)
        record = repo[register(site, (psf, dcd), token=site.token("owner"))]
        place = replica(site, record[TRAJECTORY].sha256).place
        assert place is not None
        assert place.guard is Guard.REHASH
        assert not record[TRAJECTORY].radius_of_gyration(stop=2).cached
        with dcd.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
            before = os.fstat(stream.fileno())
            mapped[3 * MIB] ^= 1
            assert os.fstat(stream.fileno()).st_ctime_ns == before.st_ctime_ns
            with pytest.raises(NoReplicaError, match="in place"):
                record[TRAJECTORY].radius_of_gyration(stop=3)
        assert replica(site, record[TRAJECTORY].sha256).state is ReplicaState.STALE
