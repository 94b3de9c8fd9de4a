"""Room on the disk for bytes that are too many for memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryFile

from fomrepo.errors import StorageError

#: Where a disk usually is: on many systems ``/tmp`` is memory.
DISK = Path("/var/tmp")  # noqa: S108 - the file has no name that anybody could guess or open


def mapped(chunks: Iterable[memoryview]) -> mmap:
    """Collect bytes in a file that nobody else can open, and map it; it goes when the map goes.

    It lies in the folder that the environment variable ``TMPDIR`` names, else in ``/var/tmp`` where that is.

    Raises
    ------
    StorageError
        If the disk is full.
    """
    named = os.environ.get("TMPDIR")
    try:
        with TemporaryFile(prefix="fomrepo-", dir=named or (DISK if DISK.is_dir() else None)) as file:
            file.writelines(chunks)
            file.flush()
            return mmap(file.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            "the disk has no room for a large result" if full else f"a large result cannot be kept: {error.strerror}",
            remedy="name a folder with room: export TMPDIR=FOLDER; or take slices of its fields",
        ) from None
