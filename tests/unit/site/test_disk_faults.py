"""Disks that fail are no verdict on the files on them; the EIOs are the kernel's own."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fomrepo.errors import CancelledError, FileRefusedError, LimitHit, MethodFailedError, StorageError
from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint
from fomrepo.model.results import ResolvedCall
from fomrepo.site import disk_faults
from fomrepo.site.disk_faults import are_given_back, looks_like_a_disk
from fomrepo.site.fixity import settle_in_place
from fomrepo.site.parts import SiteParts
from fomrepo.site.scrub import Scrub
from fomrepo.vault.copies import Copies
from fomrepo.vault.objects import ObjectStore

CONTENT = b"98 frames"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
#: No page of a process lies at address 0: the kernel answers whoever reads there with a real EIO.
FAILS = f"/proc/{os.getpid()}/mem"
NOWHERE = StatFingerprint(0, 0, len(CONTENT), 0, 0)


def replica(place: str = "", state: ReplicaState = ReplicaState.GOOD) -> Replica:
    found = Place(place, Guard.REHASH, 1000, 0.0) if place else None
    return Replica("site-a", DIGEST, state, 1, NOWHERE, found)


def site_of(folder: Path, *replicas: Replica, stand_ins: tuple[Place, ...] = ()) -> Any:
    """As much of a site as these questions need."""
    vault = ObjectStore(folder)
    known = SimpleNamespace(
        get=lambda site, digest: replicas[0] if replicas else None,
        in_place=lambda site: replicas,
        stand_ins=lambda site, digest: stand_ins,
        finish=lambda *_: None,
    )
    return SimpleNamespace(
        name="site-a",
        vault=vault,
        copies=Copies(vault),
        catalog=SimpleNamespace(replicas=known),
        holders=None,
        ledger=SimpleNamespace(flush=lambda: None),
    )


def call_of(name: str) -> ResolvedCall:
    file = SimpleNamespace(name=name, digest=DIGEST, offsets_digest=None)
    return cast(ResolvedCall, SimpleNamespace(inputs=(SimpleNamespace(file=file, topology=None),)))


def given_back(site: Any, held: Replica) -> bool:
    return are_given_back(site, call_of("adk.dcd"), {DIGEST: held}, threading.Event())


def test_a_disk_that_fails_is_told_with_site_and_file_and_the_path_in_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(disk_faults, "logger", SimpleNamespace(warning=lambda _, *, path, error: logged.append(path)))
    for held in (replica(), replica(FAILS)):
        site = site_of(tmp_path, held)
        object_path = site.vault.path(DIGEST)
        object_path.parent.mkdir(exist_ok=True)
        object_path.unlink(missing_ok=True)
        object_path.symlink_to(FAILS)
        with pytest.raises(StorageError, match=r"of site-a fails: adk.dcd .*Input/output error") as caught:
            given_back(site, held)
        assert caught.value.facts == {"site": "site-a", "file": "adk.dcd"}
        assert "/" not in caught.value.message.replace("Input/output", "")
        assert logged.pop() == (FAILS if held.place else str(object_path))


def test_a_copy_is_spoilt_of_which_the_disk_gives_other_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt: list[tuple[str, ReplicaState]] = []
    monkeypatch.setattr(disk_faults, "drop_what_came_of", lambda _, digest, state: spoilt.append((digest, state)))
    site = site_of(tmp_path)
    path = site.vault.path(DIGEST)
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert given_back(site, replica())
    assert spoilt == []
    path.write_bytes(CONTENT[::-1])
    assert not given_back(site, replica())
    assert spoilt == [(DIGEST, ReplicaState.BAD)]


def test_a_cancelled_run_is_not_waited_for(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    path = site.vault.path(DIGEST)
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        are_given_back(site, call_of("adk.dcd"), {DIGEST: replica()}, cancelled)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileRefusedError("frame 3 cannot be read"), True),
        (MethodFailedError("OSError: [Errno 5]", type_name="OSError"), True),
        (MethodFailedError("ended without an answer: signal 7"), True),
        (MethodFailedError("was stopped at a limit", limit=LimitHit("wall", 1, 1, "s")), False),
        (MethodFailedError("KeyError: 'name'", type_name="KeyError"), False),
    ],
)
def test_what_may_come_of_a_disk(error: Exception, expected: bool) -> None:
    assert looks_like_a_disk(error) is expected


def test_a_file_in_place_stays_what_it_was_while_its_disk_fails(tmp_path: Path) -> None:
    for state in (ReplicaState.GOOD, ReplicaState.STALE):
        held = replica(FAILS, state)
        site = site_of(tmp_path, held)
        with pytest.raises(StorageError, match="Input/output error"):
            settle_in_place(cast(SiteParts, site), held, again=True)


def test_another_file_with_the_same_bytes_stands_in_for_one_whose_disk_fails(tmp_path: Path) -> None:
    (tmp_path / "other.dcd").write_bytes(CONTENT)
    other = Place(str(tmp_path.resolve() / "other.dcd"), Guard.REHASH, 1000, 0.0)
    held = replica(FAILS)
    assert settle_in_place(cast(SiteParts, site_of(tmp_path, held, stand_ins=(other,))), held, again=True) == held


def test_a_scrub_goes_on_behind_a_disk_that_fails(tmp_path: Path) -> None:
    first, second = replica(FAILS), replica(FAILS, ReplicaState.STALE)
    told: list[tuple[ReplicaState, bool]] = []
    scrub = Scrub(cast(SiteParts, site_of(tmp_path, first, second)))
    scrub.all(lambda one: told.append((one.before, one.disk_fails)))
    assert told == [(ReplicaState.GOOD, True), (ReplicaState.STALE, True)]
