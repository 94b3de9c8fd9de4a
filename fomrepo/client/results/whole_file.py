"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fomrepo.errors import StorageError


@contextmanager
def whole_file(path: Path, for_whom: Path | None = None) -> Iterator[Path]:
    """Give a path beside the one that is meant; what was written there takes its place when the block ends well.

    Parameters
    ----------
    path
        The one that is meant.
    for_whom
        File that is named where it fails, if nobody knows the one that is meant.

    Raises
    ------
    StorageError
        If the file cannot be written. What was there before stays.
    """
    part = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "give a path that you may write to"
        why = os.strerror(error.errno) if error.errno else error  # HDF5's own text speaks of the part, at length
        raise StorageError(f"{for_whom or path} cannot be written: {why}", remedy=remedy) from None
    finally:
        with suppress(OSError):  # a file system that became read-only, say: it is the first fault that counts
            part.unlink(missing_ok=True)


def written(path: Path, chunks: Iterable[Any], for_whom: Path | None = None) -> Path:
    """Write bytes, or what gives its bytes, into a file."""
    with whole_file(path, for_whom) as part, part.open("wb") as stream:
        stream.writelines(chunks)
    return path
