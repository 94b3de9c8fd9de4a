"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fomrepo.errors import StorageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside the one that is meant; what was written there takes its place when the block ends well.

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
        raise StorageError(f"{path} cannot be written: {error.strerror or error}", remedy=remedy) from None
    finally:
        part.unlink(missing_ok=True)


def written(path: Path, chunks: Iterable[Any]) -> Path:
    """Write bytes, or what gives its bytes, into a file."""
    with whole_file(path) as part, part.open("wb") as stream:
        stream.writelines(chunks)
    return path
