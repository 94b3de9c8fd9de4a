"""Blobs of results at one site: outcome containers, content-addressed, verified when they are read.

The index is the catalog's: a blob without a row is garbage, a row without a good blob is a miss.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fomrepo.model.canonical import new_id, sha256_hex
from fomrepo.model.files import StatFingerprint
from fomrepo.vault.objects import ObjectStore, digest_of, storage_errors

#: A blob up to this size is read once, and travels in one message with the reply: half of what a message may hold.
SMALL_BYTES = 2 * 2**20
#: Smaller ones are hashed whenever they are read: that takes no longer than asking the file system about them.
WORTH_TRUSTING_BYTES = 64 * 2**10
#: Seconds for which a larger blob that the file system says nobody touched is taken to be what it was when it was
#: hashed: 1 GB takes a second to hash, and an answer is looked at, its header read, and then its fields.
TRUSTED_S = 300.0
#: Blobs of which that is remembered.
TRUSTED_BLOBS = 1024


class ResultStore:
    """Blobs of results below one folder."""

    def __init__(self, folder: Path) -> None:
        self._objects = ObjectStore(folder)
        self._trusted: dict[str, tuple[StatFingerprint, float]] = {}

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

    def keep(self, path: Path) -> tuple[str, int, bytes]:
        """Make a written outcome a blob; returns its digest, its size in bytes, and itself if it is small."""
        size = path.stat().st_size
        content = path.read_bytes() if size <= SMALL_BYTES else b""
        digest = sha256_hex(content) if content else digest_of(path)
        kept = self._objects.keep(path, digest, durable=False)
        if not content:
            self._trust(digest, kept)
        return digest, size, content

    def content(self, digest: str, size: int) -> bytes | None:
        """Bytes of a small blob, empty for a larger one; None if it is not what it was, and then it is deleted."""
        if size > SMALL_BYTES:
            return b"" if self.verified(digest) is not None else None
        with suppress(OSError):
            now, content = self._objects.fingerprint(digest), self._objects.path(digest).read_bytes()
            if size >= WORTH_TRUSTING_BYTES and self._is_trusted(digest, now):
                return content
            if now is not None and sha256_hex(content) == digest:
                if size >= WORTH_TRUSTING_BYTES:
                    self._trust(digest, now)
                return content
        self.discard(digest)
        return None

    def verified(self, digest: str) -> Path | None:
        """Path of a blob whose bytes are still what they were; None otherwise, and a bad blob is deleted.

        All of it is hashed no more often than every :data:`TRUSTED_S`, as long as nobody touched it.
        """
        path = self._objects.path(digest)
        before = self._objects.fingerprint(digest)
        if self._is_trusted(digest, before):
            return path
        if before is not None and self._objects.holds(digest):
            self._trust(digest, before)
            return path
        path.unlink(missing_ok=True)
        return None

    def _is_trusted(self, digest: str, now: StatFingerprint | None) -> bool:
        found, until = self._trusted.get(digest, (None, 0.0))
        return now is not None and found == now and time.monotonic() < until

    def _trust(self, digest: str, fingerprint: StatFingerprint) -> None:
        if len(self._trusted) >= TRUSTED_BLOBS:
            self._trusted.clear()
        self._trusted[digest] = (fingerprint, time.monotonic() + TRUSTED_S)

    def discard(self, digest: str) -> None:
        """Delete a blob, if it is there."""
        self._objects.discard(digest)
