"""Blobs of results at one site: outcome containers, content-addressed, verified when they are read.

The index is the catalog's: a blob without a row is garbage, a row without a good blob is a miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fomrepo.model.canonical import new_id
from fomrepo.vault.objects import ObjectStore, digest_of, storage_errors


class ResultStore:
    """Blobs of results below one folder."""

    def __init__(self, folder: Path) -> None:
        self._objects = ObjectStore(folder)

    @contextmanager
    def new_blob(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a fresh file for an outcome; what is not kept is deleted on the way out."""
        path = self._objects.incoming_path(new_id())
        try:
            with storage_errors(path), path.open("w+b") as stream:
                yield path, stream
        finally:
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what a killed site left of runs that never ended; nothing may be running now."""
        for path in self._objects.incoming():
            path.unlink(missing_ok=True)

    def keep(self, path: Path) -> tuple[str, int]:
        """Make a written outcome a blob; returns its digest and its size in bytes."""
        digest = digest_of(path)
        return digest, self._objects.keep(path, digest, durable=False).size

    def verified(self, digest: str) -> Path | None:
        """Path of a blob whose bytes are still what they were; None otherwise, and a bad blob is deleted."""
        path = self._objects.path(digest)
        if self._objects.holds(digest):
            return path
        path.unlink(missing_ok=True)
        return None

    def discard(self, digest: str) -> None:
        """Delete a blob, if it is there."""
        self._objects.discard(digest)
