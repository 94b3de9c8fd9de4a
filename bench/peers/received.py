"""What becomes of a stream at the client: the same for every peer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any


def written(chunks: Iterable[Any], target: str) -> int:
    """Write a stream to a file."""
    with Path(target).open("wb", buffering=0) as file:
        return sum(file.write(chunk) for chunk in chunks)


def kept(chunks: Iterable[Any]) -> mmap:
    """Write a stream to a file without a name and map it: what holds a result that is larger than memory should be."""
    with tempfile.TemporaryFile(buffering=0) as file:
        for chunk in chunks:
            file.write(chunk)
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def dropped(chunks: Iterable[Any]) -> int:
    """Receive a stream and forget it."""
    return sum(memoryview(chunk).nbytes for chunk in chunks)
