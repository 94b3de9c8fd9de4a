"""Sends one file of a deposit: from where the site has it, after a proof that what it has is the same.

A thread of its own reads and hashes ahead while gRPC encrypts and sends: both take about as long. What lies there
already is read here too, because the digest of the whole file is compared in the end.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fomrepo.client.connection import Connection
from fomrepo.errors import (
    ArgumentError,
    CancelledError,
    DigestMismatchError,
    FomrepoError,
    InternalError,
    StorageError,
)
from fomrepo.model.deposits import ExpectedFile
from fomrepo.wire.calls import CHUNK_BYTES
from fomrepo.wire.v1 import deposits_pb2

#: Blocks that are read and hashed before they can be sent.
BLOCKS_AHEAD = 4
#: While what the site has is read here, something is sent that often: a site ends uploads on which nothing comes.
SIGN_OF_LIFE_S = 5.0


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this disk that is to be deposited."""

    path: Path
    expected: ExpectedFile
    #: Last change, ns since 1970.
    mtime_ns: int


def send_file(
    site: Connection,
    deposit: str,
    file: LocalFile,
    received: int,
    *,
    tell: Callable[[int], None],
    stop: threading.Event | None = None,
) -> str:
    """Send a file until the site has all of it; returns its SHA-256.

    Parameters
    ----------
    site
        Connection to the site that takes the bytes.
    deposit
        Id of the draft.
    file
        What to send.
    received
        Bytes that the site has.
    tell
        Told how many bytes are done, now and then.
    stop
        Ends the stream when it is set.

    Raises
    ------
    DigestMismatchError
        If what the site has, or read, are other bytes; it has none of them any more.
    ArgumentError
        If the file changed meanwhile.
    """
    while True:
        reply, here = _send_once(site, deposit, file, received, tell, stop or threading.Event())
        if reply.digest:
            # Without a digest of ours, another command sent the rest while we began.
            if reply.digest != (here or digest_of_file(file.path)):
                raise DigestMismatchError(
                    f"the site read other bytes of {file.expected.name} than this machine",
                    remedy="run the same command again",
                    facts={"here": here, "there": reply.digest},
                )
            return reply.digest
        if reply.received <= received:
            raise InternalError(f"the site keeps {received} bytes of {file.expected.name} and takes no more")
        received = reply.received


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file on this disk."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}", remedy="run the same command again") from None


def _send_once(
    site: Connection,
    deposit: str,
    file: LocalFile,
    received: int,
    tell: Callable[[int], None],
    stop: threading.Event,
) -> tuple[deposits_pb2.UploadReply, str]:
    """Send one stream; raise what went wrong here rather than what the site made of it."""
    trouble: list[Exception] = []
    digests: list[str] = []

    def messages() -> Iterator[bytes | deposits_pb2.UploadChunk]:
        try:
            yield deposits_pb2.UploadChunk(deposit=deposit, name=file.expected.name, offset=received)
            offset, spoken = 0, time.monotonic()
            with _ReadAhead(file, received) as blocks:
                for block, digest in blocks:
                    if stop.is_set():
                        raise CancelledError(f"sending {file.expected.name} was interrupted")
                    if offset < received:
                        if offset + len(block) == received:
                            yield deposits_pb2.UploadChunk(prefix_digest=digest)
                        elif time.monotonic() - spoken > SIGN_OF_LIFE_S:
                            spoken = time.monotonic()
                            yield deposits_pb2.UploadChunk()
                    elif block:
                        yield block
                    else:
                        digests.append(digest)
                        yield deposits_pb2.UploadChunk(digest=digest)
                    offset += len(block)
                    tell(offset)
        except Exception as error:  # would end in a log of gRPC's, which runs this in a thread of its own
            trouble.append(error)

    try:
        reply = site.send(lambda channel: channel.upload, messages)
    except FomrepoError as error:
        raise (trouble or [error])[0] from None
    if trouble:
        raise trouble[0]
    return reply, digests[-1] if digests else ""


class _ReadAhead:
    """Reads and hashes a file in a thread of its own; gives blocks, and digests where they are needed.

    A block ends at ``border``, and none crosses it; it comes with the digest of all bytes up to there. The last block
    is empty, and comes with the digest of the whole file. Other digests are empty.
    """

    def __init__(self, file: LocalFile, border: int) -> None:
        self._file, self._border = file, border
        self._blocks: queue.Queue[tuple[bytes, str] | Exception] = queue.Queue(BLOCKS_AHEAD)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)

    def __enter__(self) -> Iterator[tuple[bytes, str]]:
        self._thread.start()
        return self._given()

    def __exit__(self, *_: object) -> None:
        self._given_up.set()
        while self._thread.is_alive():  # it may wait for room
            try:
                self._blocks.get(timeout=0.05)
            except queue.Empty:
                continue

    def _given(self) -> Iterator[tuple[bytes, str]]:
        while True:
            one = self._blocks.get()
            if isinstance(one, Exception):
                raise one
            yield one
            if not one[0]:
                return

    def _read(self) -> None:
        digest, offset = hashlib.sha256(), 0
        try:
            for block in _blocks(self._file, self._border):
                if self._given_up.is_set():
                    return
                digest.update(block)
                offset += len(block)
                self._blocks.put((block, digest.hexdigest() if offset == self._border else ""))
            self._blocks.put((b"", digest.hexdigest()))
        except Exception as error:  # belongs to whoever waits for the blocks
            self._blocks.put(error)


def _blocks(file: LocalFile, border: int) -> Iterator[bytes]:
    """Bytes of a file on this disk; a block ends at ``border``, none crosses it."""
    size, offset = file.expected.size, 0
    try:
        with file.path.open("rb", buffering=0) as content:
            before = os.fstat(content.fileno()).st_ctime_ns  # of which a program that sets mtime back leaves a trace
            while offset <= size:
                left = border - offset
                block = content.read(min(CHUNK_BYTES, left) if left > 0 else CHUNK_BYTES)
                if not block:
                    break
                offset += len(block)
                yield block
            changed = file.mtime_ns not in (0, file.path.stat().st_mtime_ns)
            changed |= os.fstat(content.fileno()).st_ctime_ns != before
    except OSError as error:
        raise StorageError(f"{file.path} cannot be read: {error}", remedy="run the same command again") from None
    if offset != size or changed:
        raise changed_file(file, offset)


def changed_file(file: LocalFile, found: int) -> ArgumentError:
    """Error for a file that is not what it was, and of which so many bytes were found."""
    size = file.expected.size
    now = "was written to" if found == size else f"now has {'more' if found > size else found}"
    return ArgumentError(
        f"{file.path} had {size} bytes when the deposit began, and {now}",
        remedy="wait until nothing writes to it, then deposit it again",
    )
