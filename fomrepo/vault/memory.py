"""Room in this machine's memory for copies of small files, while somebody looks at them.

A probe reads here and there, and some bytes twice. What is small enough it reads in a copy that was made while the file
was hashed, so that the file itself is read once. Such a copy takes no disk, and its path is this site's alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

from fomrepo.vault.in_place import file_system_of

#: Files of at most this size are copied. One is at a time, or a few, so the copies stay far below 256 MiB.
COPY_LIMIT_BYTES = 64 * 2**20

#: Part of the free room that a copy may take.
LARGEST_PART = 0.25

#: Where Linux has files in memory.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, which is opened to nobody


class MemoryRoom:
    """Files in memory of one site.

    Parameters
    ----------
    name
        Of its folder there: the same at each start, so that what a kill left is found and deleted.
    """

    def __init__(self, name: str) -> None:
        self._folder = SHARED_MEMORY / name
        self._usable = False
        with suppress(OSError):
            if self._folder.is_symlink() or self._folder.exists():
                shutil.rmtree(self._folder)  # refused if it is a link, or somebody else's
            self._folder.mkdir(mode=0o700)
            self._usable = _is_in_memory(self._folder)

    @contextmanager
    def file(self, size: int) -> Iterator[BinaryIO | None]:
        """Give an empty file in memory for the ``with`` block; None where the size is too large for that."""
        if not self._usable or size > COPY_LIMIT_BYTES or size > LARGEST_PART * _free_bytes(self._folder):
            yield None
            return
        with NamedTemporaryFile(dir=self._folder) as stream:
            yield cast(BinaryIO, stream)

    def close(self) -> None:
        """Delete everything."""
        if self._usable:
            shutil.rmtree(self._folder, ignore_errors=True)


def _is_in_memory(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        return file_system_of(descriptor) == "tmpfs" and os.fstat(descriptor).st_uid == os.geteuid()
    finally:
        os.close(descriptor)


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
