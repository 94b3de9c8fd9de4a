"""Files outside of the vault, read where they lie: opened safely, read once, and how a change of them shows.

Who owns a file in place may change it and every folder above it at any time. So a path is only believed for as long as
it takes to open it, link by link; from then on it is the open file that counts.

What shows that a file is still the one that was read is what its file system says of it (`StatFingerprint`): nobody
can set its time of change. One thing does not show: a program that had the file mapped for writing, and had written to
the page, may write there again without a trace. A read lease excludes that: the kernel grants it only while nobody has
the file open for writing, and takes it back as soon as somebody wants to. Bytes that were read under a lease cannot be
changed later without a new time of change.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fomrepo.model.files import Guard, StatFingerprint
from fomrepo.vault.objects import DISK_FAILS

#: Bytes that are read at once: as fast as larger pieces, and all the memory that a file of any size takes.
READ_BYTES = 2**20

#: File systems of this machine's own disks that note a change also of a page that is written through a mapping.
LEASED_SYSTEMS = frozenset({"btrfs", "ext2", "ext3", "ext4", "xfs"})

#: File systems that only this machine writes to, but which do not note every change, or of which we do not know it.
LOCAL_SYSTEMS = LEASED_SYSTEMS | {"bcachefs", "f2fs", "jfs", "overlay", "ramfs", "reiserfs", "tmpfs", "zfs"}

#: How often the holder of a lease looks whether somebody wants to write, whom the kernel lets wait for 45 s at most.
LEASE_INTERVAL_S = 0.05


class BeingWrittenError(Exception):
    """Somebody has the file open for writing."""


def open_in_place(path: str) -> int:
    """Open a regular file for reading, as this process's user, and follow no symbolic link on the way.

    Parameters
    ----------
    path
        Absolute.

    Returns
    -------
    int
        Descriptor, for the caller to close.

    Raises
    ------
    OSError
        If it is not there, not readable, not a regular file, or if there is a link in its path.
    """
    *folders, name = Path(path).parts[1:]
    folder = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = below
        # A FIFO in the place of the file must not make us wait.
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return found


def fingerprint_of_open(descriptor: int) -> StatFingerprint:
    """What the file system says of an open file now."""
    found = os.fstat(descriptor)
    return StatFingerprint(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def fingerprint_at(path: str) -> StatFingerprint | None:
    """What the file system says of the file at a path now; None if this process's user cannot read one there.

    Raises
    ------
    OSError
        If the disk fails, which says nothing about the file.
    """
    try:
        descriptor = open_in_place(path)
    except OSError as error:
        if error.errno in DISK_FAILS:
            raise
        return None
    try:
        return fingerprint_of_open(descriptor)
    finally:
        os.close(descriptor)


def take_lease(descriptor: int) -> bool:
    """Take a read lease on an open file, or find that whoever opened it has taken one.

    Only its owner, or root, may; so the owner takes it before he hands the open file over, and it stays with that.

    Returns
    -------
    bool
        False where it is not this user's to take, or the file system has none. One of several machines (NFS, SMB) says
        of its leases what it says of a writer, so nothing is concluded there.

    Raises
    ------
    BeingWrittenError
        If somebody has the file open for writing.
    """
    if fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK:
        return True
    with suppress(OSError):  # a signal that says that a writer waits: one that is ignored, as we look ourselves
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN and file_system_of(descriptor) in LOCAL_SYSTEMS:
            raise BeingWrittenError from None
        return False
    return True


@contextmanager
def watched_lease(descriptor: int) -> Iterator[Callable[[], bool]]:
    """Watch a lease during the ``with`` block, and let it go as soon as somebody wants to write.

    Gives what tells whether it was held from the beginning until now.
    """
    ended = threading.Event()
    lost = threading.Event()

    def still_held() -> bool:
        if not lost.is_set() and fcntl.fcntl(descriptor, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
            lost.set()
            with suppress(OSError):  # where it is not ours to give back, it ends with the last descriptor
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return not lost.is_set()

    def watch() -> None:
        while not ended.wait(LEASE_INTERVAL_S) and still_held():
            pass

    watcher = threading.Thread(target=watch, name="watch-lease", daemon=True)
    watcher.start()
    try:
        yield still_held
    finally:
        ended.set()
        watcher.join()


def file_system_of(descriptor: int) -> str:
    """Name of the kind of file system that an open file lies on, ``ext4``; empty if it cannot be told."""
    return _mount_of(descriptor)[0]


def is_made_by_a_program(descriptor: int) -> bool:
    """Whether an open file lies on a file system that a program of an ordinary user plays (FUSE).

    Such a program may keep a reader waiting for ever. Only what the kernel knows by itself is asked for this.
    """
    kind, options = _mount_of(descriptor)
    return kind.split(".")[0] in ("fuse", "fuseblk") and "user_id=0" not in options


def _mount_of(descriptor: int) -> tuple[str, tuple[str, ...]]:
    """Kind and options of the file system that an open file lies on."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines())
    mount = facts.get("mnt_id", "").strip()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[0] == mount:
            kind, _, options = after.split(" ", 2)
            return kind, tuple(options.split(","))
    return "", ()


def guard_of(descriptor: int, *, leased: bool) -> Guard:
    """How changes of a file are noticed from now on whose bytes were just read, under a lease or without."""
    system = file_system_of(descriptor)
    if leased and system in LEASED_SYSTEMS:
        return Guard.LEASE
    return Guard.REHASH if system in LOCAL_SYSTEMS else Guard.NONE


def read_once(
    descriptor: int,
    *,
    go_on: Callable[[], bool] = lambda: True,
    told: Callable[[int], None] = lambda _: None,
    copy: BinaryIO | None = None,
) -> str:
    """Read a whole file from its first byte to its last, and hash it.

    Parameters
    ----------
    descriptor
        Of the open file; where it stands does not matter.
    go_on
        Asked before each piece; False ends the reading.
    told
        Called with the number of bytes read so far after each piece.
    copy
        Gets the same bytes.

    Returns
    -------
    str
        SHA-256 of what was read; empty if the reading was ended.
    """
    digest, buffer, done = hashlib.sha256(), bytearray(READ_BYTES), 0
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    with memoryview(buffer) as view:
        while go_on():
            count = os.preadv(descriptor, [buffer], done)
            if not count:
                return digest.hexdigest()
            digest.update(view[:count])
            if copy is not None:
                copy.write(view[:count])
            done += count
            told(done)
    return ""
