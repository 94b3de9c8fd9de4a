"""A disk that fails: ``python -m tests.federation.failing_disk FOLDER BEHIND FAULTS`` shows BEHIND at FOLDER by FUSE.

Each line of the file FAULTS names an operation that ends with EIO from now on, as it does on a disk that breaks:
``getattr``, ``create``, ``read``, ``write``, ``fsync``, ``rename``, ``unlink``. An empty file is a disk that works
again.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import mfusepy


class FailingDisk:
    """Hands every operation on to a folder behind it, unless it is to fail."""

    use_ns = True  # times are integers

    def __init__(self, behind: Path, faults: Path) -> None:
        self._behind, self._faults = behind, faults

    def _at(self, path: str) -> Path:
        return self._behind / path[1:]

    def _may_fail(self, operation: str, path: str) -> None:
        if operation in self._faults.read_text().split():
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        """Facts of a file or folder."""
        self._may_fail("getattr", path)
        found = self._at(path).lstat()
        times = {name: getattr(found, f"{name}_ns") for name in ("st_atime", "st_mtime", "st_ctime")}
        return times | {
            name: getattr(found, name) for name in ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_ino")
        }

    def readdir(self, path: str, fh: int) -> list[str]:
        """Names in a folder."""
        return [".", "..", *os.listdir(self._at(path))]

    def open(self, path: str, flags: int) -> int:
        """Open a file."""
        return os.open(self._at(path), flags & ~os.O_APPEND)  # the kernel says where to write

    def create(self, path: str, mode: int, fi: object = None) -> int:
        """Make a file, and open it."""
        self._may_fail("create", path)
        made = os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)
        owner, group, _ = mfusepy.fuse_get_context()
        os.fchown(made, owner, group)
        return made

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Bytes of a file."""
        self._may_fail("read", path)
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """Write into a file."""
        self._may_fail("write", path)
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        """Cut a file."""
        os.truncate(self._at(path), length)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        """Write what was written to the disk."""
        self._may_fail("fsync", path)
        return 0

    def release(self, path: str, fh: int) -> int:
        """Close a file."""
        os.close(fh)
        return 0

    def rename(self, old: str, new: str) -> None:
        """Give a file another name."""
        self._may_fail("rename", new)
        self._at(old).rename(self._at(new))

    def unlink(self, path: str) -> None:
        """Delete a file."""
        self._may_fail("unlink", path)
        self._at(path).unlink()

    def mkdir(self, path: str, mode: int) -> None:
        """Make a folder."""
        self._at(path).mkdir(mode)
        owner, group, _ = mfusepy.fuse_get_context()
        os.chown(self._at(path), owner, group)

    def chmod(self, path: str, mode: int) -> None:
        """Change the rights of a file."""
        self._at(path).chmod(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Change whose a file is."""
        os.chown(self._at(path), uid, gid)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        """Change the times of a file."""
        os.utime(self._at(path), ns=times)

    def statfs(self, path: str) -> dict[str, int]:
        """How much room there is."""
        found = os.statvfs(self._behind)
        return {name: getattr(found, name) for name in ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail")}


if __name__ == "__main__":
    show, behind, faults = map(Path, sys.argv[1:])
    options: dict[str, Any] = {"allow_other": True} if os.geteuid() == 0 else {}
    options |= {"attr_timeout": 0, "entry_timeout": 0}  # the kernel remembers nothing: each look is a question
    disk = FailingDisk(behind, faults)
    mfusepy.FUSE(disk, str(show), foreground=True, fsname="failing", default_permissions=True, **options)
