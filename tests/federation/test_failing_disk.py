"""A disk of which the kernel says EIO: it is named, nothing is lost, and all goes on when it works again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fomrepo.errors import NoReplicaError, StorageError
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.testing import LocalFederation
from tests.federation.records import TOPOLOGY, TRAJECTORY, adk_files, bytes_on_their_way, deposit_adk, replicate, until
from tests.federation.test_getting_out import fuse_is_allowed

#: Where nobody may mount by FUSE, tests/unit/vault/test_receive.py still meets EIOs of the kernel.
NEEDS_FUSE = pytest.mark.skipif(
    not fuse_is_allowed(), reason="this machine mounts nothing by FUSE; the vault's own tests need none"
)
#: At once, whoever still looks there.
UNMOUNT = ("umount", "--lazy") if os.geteuid() == 0 else (shutil.which("fusermount3") or "fusermount", "-u", "-z")


class Disk:
    """The disk of a vault, which can be told to fail."""

    def __init__(self, place: Path) -> None:
        self.vault, self._behind, self._faults = place / "site-a" / "vault", place / "behind", place / "faults"

    def fail(self, *operations: str) -> None:
        """Let some operations fail, and no others."""
        self._faults.write_text("\n".join(operations))

    def mount(self) -> subprocess.Popen[bytes]:
        """Show it."""
        self.fail()
        for folder in (self._behind, self.vault):
            folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.federation.failing_disk", self.vault, self._behind, self._faults]
        process = subprocess.Popen(command)
        until(self.vault.is_mount)
        return process


@pytest.fixture(scope="module")
def disk(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[tuple[Disk, LocalFederation]]:
    place = open_folder()
    federation = LocalFederation(place, sites=("site-a", "site-b"), slots=2)
    disk = Disk(place)
    process = disk.mount()
    try:
        with federation:
            yield disk, federation
    finally:
        subprocess.run([*UNMOUNT, disk.vault], check=True)
        process.kill()  # it would go on as long as a process with mounts of its own sees the disk
        process.wait(20)


@NEEDS_FUSE
def test_a_disk_that_fails_is_named_and_nothing_is_lost(disk: tuple[Disk, LocalFederation], tmp_path: Path) -> None:
    failing, federation = disk
    adk_files(tmp_path)
    plan = DepositPlan((PlannedFile(TOPOLOGY),), "On a failing disk", (Creator("Ada"),), "CC0-1.0", ("test",))
    (tmp_path / "fomrepo.toml").write_text(plan.to_text())

    def fails(operation: str, work: Callable[[], object], at: str) -> None:
        failing.fail(operation)
        with pytest.raises(StorageError, match=f"{failing.vault}/{at}.* cannot be used: Input/output error") as caught:
            work()
        assert "dmesg" in str(caught.value.remedy)
        failing.fail()

    with federation.connect() as repo, repo.deposit_folder(tmp_path, patience_s=0.0, wire=True) as steps:
        for operation in ("create", "write", "fsync"):
            fails(operation, steps.push, "incoming")
        assert steps.push().sent == (TOPOLOGY,)
        fails("read", steps.submit, "incoming")  # by the sandbox: its depositor is not blamed
        for operation in ("rename", "fsync"):
            fails(operation, steps.submit, "objects")
        fails("read", steps.submit, "incoming")  # of what the probes said
        assert list(repo.records()) == []
        file = repo[steps.submit()][TOPOLOGY]
        fails("read", lambda: file.download(tmp_path / "copy"), "objects")
        assert file.download(tmp_path / "copy").read_bytes() == (tmp_path / TOPOLOGY).read_bytes()
        assert [one.versioned for one in repo.records()] == [steps.submit()]
    assert bytes_on_their_way(federation, "site-a") == []


@NEEDS_FUSE
def test_no_file_is_blamed_for_a_disk_that_fails_and_another_site_answers(
    disk: tuple[Disk, LocalFederation], tmp_path: Path
) -> None:
    failing, federation = disk
    with federation.connect() as repo:
        file = deposit_adk(repo, title="On a disk that fails later")[TRAJECTORY]
        failing.fail("read")  # by a guest, to which the file looks damaged
        with pytest.raises(NoReplicaError, match=f"the disk of site-a fails: {TRAJECTORY}.*Input/output error"):
            file.radius_of_gyration(stop=2)
        failing.fail()
        first = file.radius_of_gyration(stop=2)
        assert (first.site, first.provenance.detours) == ("site-a", ())

        replicate(repo, file.record.versioned, "site-b")
        for stop, operation in ((3, "read"), (2, "getattr")):  # a run, and an answer that is kept there
            failing.fail(operation)
            answer = file.radius_of_gyration(stop=stop)
            assert answer.site == "site-b"
            ((site, why),) = answer.provenance.detours
            assert site == "site-a"
            assert "Input/output error" in why
            assert file.download(tmp_path / operation).stat().st_size == file.size
        failing.fail()
        assert file.radius_of_gyration(stop=2).site == "site-a"
        assert {one.state for one in repo.replicas(file.record.versioned)} == {"good"}
