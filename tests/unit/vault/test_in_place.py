"""Files read where they lie: how they are opened, and what shows a change of them."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint
from fomrepo.vault.copies import Copies
from fomrepo.vault.in_place import (
    LEASED_SYSTEMS,
    LOCAL_SYSTEMS,
    BeingWrittenError,
    file_system_of,
    fingerprint_of_open,
    guard_of,
    is_made_by_a_program,
    open_in_place,
    read_once,
    take_lease,
    watched_lease,
)
from fomrepo.vault.objects import ObjectStore

CONTENT = os.urandom(3 * 2**20 + 17)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "folder" / "adk.dcd"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def opened(file: Path) -> Iterator[int]:
    descriptor = open_in_place(str(file))
    yield descriptor
    os.close(descriptor)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_regular_file_is_opened(opened: int, file: Path) -> None:
    assert os.pread(opened, 10, 0) == CONTENT[:10]
    assert fingerprint_of_open(opened).inode == file.stat().st_ino


def link_to_the_file(file: Path) -> Path:
    link = file.with_name("link.dcd")
    link.symlink_to(file)
    return link


def link_to_its_folder(file: Path) -> Path:
    link = file.parent.with_name("link")
    link.symlink_to(file.parent, target_is_directory=True)
    return link / file.name


def fifo(file: Path) -> Path:
    os.mkfifo(file.with_name("fifo"))
    return file.with_name("fifo")


@pytest.mark.parametrize(
    "lead_astray", [link_to_the_file, link_to_its_folder, fifo, lambda file: file.parent, lambda file: file / "x"]
)
def test_nothing_else_is_opened_and_no_link_is_followed(file: Path, lead_astray: Callable[[Path], Path]) -> None:
    with pytest.raises(OSError, match=r"."):
        open_in_place(str(lead_astray(file)))


# --- leases -----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_open_for_writing_gets_no_lease(opened: int, file: Path) -> None:
    with file.open("r+b"), pytest.raises(BeingWrittenError):
        take_lease(opened)
    assert take_lease(opened)


def test_where_other_machines_write_a_refused_lease_tells_of_no_writer(
    opened: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS refuses each lease for which its server gave no delegation, with the error that means a writer elsewhere."""
    monkeypatch.setattr("fomrepo.vault.in_place.file_system_of", lambda _: "nfs4")
    with file.open("r+b"):
        assert not take_lease(opened)


def test_a_file_that_is_mapped_for_writing_gets_no_lease(opened: int, file: Path) -> None:
    with file.open("r+b") as stream:
        mapped = mmap.mmap(stream.fileno(), 0)
    with mapped, pytest.raises(BeingWrittenError):
        take_lease(opened)


def test_who_wants_to_write_gets_his_way_and_the_lease_is_lost(opened: int, file: Path) -> None:
    assert take_lease(opened)
    with watched_lease(opened) as still_held:
        assert still_held()
        begun = time.monotonic()
        with file.open("r+b"):
            waited_s = time.monotonic() - begun
        assert not still_held()
    assert waited_s < 5


def test_a_lease_is_kept_with_the_open_file_that_is_handed_over(opened: int) -> None:
    assert take_lease(opened)
    handed_over = os.dup(opened)
    assert fcntl.fcntl(handed_over, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    assert take_lease(handed_over)
    os.close(handed_over)


# --- guards -----------------------------------------------------------------------------------------------------------


def test_the_guard_is_told_by_the_file_system_and_the_lease(opened: int) -> None:
    system = file_system_of(opened)
    assert system in LOCAL_SYSTEMS
    assert guard_of(opened, leased=True) is (Guard.LEASE if system in LEASED_SYSTEMS else Guard.REHASH)
    assert guard_of(opened, leased=False) is Guard.REHASH


def test_a_file_system_that_is_not_known_has_no_guard(opened: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fomrepo.vault.in_place.file_system_of", lambda _: "nfs4")
    assert guard_of(opened, leased=True) is Guard.NONE


def test_after_a_lease_a_write_through_a_mapping_shows_in_the_time_of_change(opened: int, file: Path) -> None:
    assert take_lease(opened)
    if guard_of(opened, leased=True) is not Guard.LEASE:
        return  # such a file is read again
    before = fingerprint_of_open(opened)
    time.sleep(0.02)  # more than the kernel's clock needs to go on
    fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    with file.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
        mapped[100] ^= 1
        os.utime(file, ns=(before.mtime_ns, before.mtime_ns))
        assert fingerprint_of_open(opened) != before


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("fuse.sshfs ada@far:/ rw,user_id=1000,group_id=1000", True),
        ("fuse pretender rw,user_id=1000,group_id=1000,allow_other", True),
        ("fuse.ceph-fuse ceph rw,user_id=0,group_id=0,allow_other", False),
        ("ext4 /dev/sda1 rw,user_id=1000", False),
    ],
)
def test_what_a_user_s_program_plays_is_known_by_its_mount(
    opened: int, monkeypatch: pytest.MonkeyPatch, line: str, made: bool
) -> None:
    real = Path.read_text

    def read_text(path: Path) -> str:
        if path != Path("/proc/self/mountinfo"):
            return real(path)
        number = real(Path(f"/proc/self/fdinfo/{opened}")).split("mnt_id:")[1].split()[0]
        return f"1 2 0:1 / / rw - proc proc rw\n{number} 1 0:2 / /mnt rw,relatime shared:1 - {line}\n"

    monkeypatch.setattr(Path, "read_text", read_text)
    assert is_made_by_a_program(opened) is made


# --- reading ----------------------------------------------------------------------------------------------------------


def test_one_reading_gives_digest_and_copy_and_says_how_far_it_is(opened: int, tmp_path: Path) -> None:
    told: list[int] = []
    with (tmp_path / "copy").open("w+b") as copy:
        assert read_once(opened, copy=copy, told=told.append) == DIGEST
        copy.seek(0)
        assert copy.read() == CONTENT
    assert told == [2**20, 2 * 2**20, 3 * 2**20, len(CONTENT)]


def test_a_reading_can_be_ended(opened: int) -> None:
    assert read_once(opened, go_on=lambda: False) == ""


# --- copies -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(ObjectStore(tmp_path / "vault"))


def replica_of(path: Path, guard: Guard = Guard.REHASH) -> Replica:
    found = path.stat()
    fingerprint = StatFingerprint(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return Replica("site-a", DIGEST, ReplicaState.GOOD, 1, fingerprint, Place(str(path), guard, 1000, 0.0))


def test_a_copy_in_place_is_found_where_it_lies_once_it_is_known(copies: Copies, file: Path) -> None:
    replica = replica_of(file)
    assert copies.path(DIGEST) != file
    assert copies.identity(DIGEST) is None
    copies.know(replica)
    assert copies.path(DIGEST) == file
    assert copies.identity(DIGEST) == (replica.fingerprint.device, replica.fingerprint.inode)
    assert copies.fingerprint(replica) == replica.fingerprint
    assert b"".join(copies.read(replica, offset=5, length=2**20)) == CONTENT[5 : 5 + 2**20]
    assert b"".join(copies.read(replica, offset=7)) == CONTENT[7:]


def test_the_same_bytes_in_a_new_file_are_taken_and_others_are_not(copies: Copies, file: Path) -> None:
    replica = replica_of(file)
    shutil.copy(file, file.with_name("new"))
    file.with_name("new").replace(file)
    found = copies.read_again(replica)
    assert found is not None
    assert found[0] == replica_of(file).fingerprint
    with file.open("r+b") as stream:
        stream.write(b"other")
    assert copies.read_again(replica) is None
    file.unlink()
    assert copies.read_again(replica) is None
    assert copies.fingerprint(replica) is None


def test_a_write_through_a_dirty_mapping_is_only_found_by_reading(copies: Copies) -> None:
    """What no lease excludes: a file in memory, where a write through a mapping leaves no trace."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as stream:
        stream.write(CONTENT)
        stream.flush()
        replica = replica_of(Path(stream.name))
        with mmap.mmap(stream.fileno(), 0) as mapped:
            assert mapped[100] == CONTENT[100]
            replica = replica_of(Path(stream.name))
            mapped[100] ^= 1
            assert copies.fingerprint(replica) == replica.fingerprint
            assert copies.read_again(replica) is None
            mapped[100] ^= 1
            assert copies.read_again(replica) == (replica.fingerprint, Guard.REHASH)
