"""Bytes that come in: written and hashed at the same time, resumable, verified before they become an object."""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from fomrepo.errors import DigestMismatchError, FileRefusedError, StorageError
from fomrepo.model.files import StatFingerprint
from fomrepo.vault.objects import ObjectStore, storage_errors

#: Chunks that may wait for the hash: 16 of 1 MiB each keep both threads busy and bound the memory.
HASH_QUEUE_CHUNKS = 16

#: After so many bytes the disk begins to write them, so that in the end little is left to wait for: copying with the
#: hash went from 0.8 to 1.0 of the speed of the hash alone.
WRITE_BACK_BYTES = 8 * 2**20

#: Bytes that are read at once when something is hashed that lies on the disk.
READ_BYTES = 2**20


class IncomingFile:
    """A file on its way into the vault; use it in a ``with`` block.

    The hash runs in a thread of its own beside the writing, because both take about as long (SHA-256 moves about
    1 GB/s, so does a disk). A part that an earlier attempt left is hashed again first.

    Parameters
    ----------
    path
        Where the bytes are collected; kept when the block is left by an error, so that the next attempt continues. Only
        a full disk gets its room back.
    expected_bytes
        Size that was announced; more bytes are refused.
    """

    def __init__(self, path: Path, expected_bytes: int) -> None:
        self.path = path
        self.expected_bytes = expected_bytes
        self.received = 0
        self._written_back = 0
        self._sha256 = hashlib.sha256()
        self._queue: queue.Queue[bytes | memoryview | None] = queue.Queue(HASH_QUEUE_CHUNKS)
        self._hasher = threading.Thread(target=self._hash, name="hash-incoming", daemon=True)

    def __enter__(self) -> IncomingFile:
        """Open the part and hash what is there already."""
        with storage_errors(self.path):
            self._stream = self.path.open("ab")
        self._hasher.start()
        for chunk in read_chunks(self.path):
            self._queue.put(chunk)
            self.received += len(chunk)
        self._written_back = self.received
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the part; it stays where it is, unless it could not be written."""
        self._end_hash()
        try:
            with storage_errors(self.path):
                self._stream.close()
            if isinstance(error, StorageError):
                raise error
        except StorageError:
            with suppress(OSError):  # of a disk that takes no change at all
                self.path.unlink(missing_ok=True)
            raise

    def check_prefix(self, claimed_digest: str) -> None:
        """Compare what is there already with the first bytes of the file that the sender reads.

        Raises
        ------
        DigestMismatchError
            If they differ; the part is deleted, and the next attempt begins anew.
        """
        self._queue.join()
        if self._sha256.hexdigest() != claimed_digest:
            self.path.unlink(missing_ok=True)
            raise DigestMismatchError(
                f"the {self.received} bytes that are there are not the first bytes of this file",
                remedy="run the command again; it sends the file from its beginning",
            )

    def write(self, data: bytes | memoryview) -> None:
        """Append some bytes.

        Raises
        ------
        FileRefusedError
            If they are more than announced.
        StorageError
            If the disk is full.
        """
        if self.received + len(data) > self.expected_bytes:
            raise FileRefusedError(
                f"more bytes came than the {self.expected_bytes} that were announced",
                remedy="the file grew while it was sent; deposit it once it is complete",
            )
        with storage_errors(self.path):
            self._stream.write(data)
        self._queue.put(data)
        self.received += len(data)
        if (fresh := self.received - self._written_back) >= WRITE_BACK_BYTES:
            # Linux begins to write what it shall forget, and forgets nothing before it is written: all stays cached.
            os.posix_fadvise(self._stream.fileno(), self._written_back, fresh, os.POSIX_FADV_DONTNEED)
            self._written_back = self.received

    def flush(self) -> int:
        """Hand everything to the operating system; returns the bytes that a next attempt will find."""
        with storage_errors(self.path):
            self._stream.flush()
        return self.received

    def finish(self, claimed_digest: str | None) -> str:
        """Digest of the whole file, compared with what the sender read.

        Raises
        ------
        DigestMismatchError
            If they differ; the part is deleted, because nobody knows which bytes are wrong.
        """
        self.flush()
        with storage_errors(self.path):
            os.fsync(self._stream.fileno())  # whoever hears of the digest may rely on the bytes
        self._end_hash()
        digest = self._sha256.hexdigest()
        if claimed_digest is not None and digest != claimed_digest:
            self.path.unlink(missing_ok=True)
            raise DigestMismatchError(
                "the bytes that arrived are not the bytes that were sent",
                remedy="run the command again; it sends the file once more",
            )
        return digest

    def _end_hash(self) -> None:
        if self._hasher.is_alive():
            self._queue.put(None)
            self._hasher.join()

    def _hash(self) -> None:
        while (chunk := self._queue.get()) is not None:
            self._sha256.update(chunk)
            self._queue.task_done()


def read_chunks(path: Path, *, offset: int = 0, length: int = 0) -> Iterable[bytes]:
    """Bytes of a file from an offset on, ``length`` of them or all if that is 0, in chunks of at most 1 MiB."""
    with storage_errors(path), path.open("rb", buffering=0) as stream:
        stream.seek(min(offset, os.fstat(stream.fileno()).st_size))
        left = length or sys.maxsize
        while chunk := stream.read(min(READ_BYTES, left)):
            yield chunk
            left -= len(chunk)


def fetch_object(store: ObjectStore, digest: str, source: Iterable[bytes], incoming: IncomingFile) -> StatFingerprint:
    """Store the bytes that another site sends, if they are what the digest says.

    Raises
    ------
    DigestMismatchError
        If they are not; nothing is kept, and the next attempt begins anew.
    """
    for chunk in source:
        incoming.write(chunk)
    incoming.finish(digest)
    return store.keep(incoming.path, digest)
