"""Open files of this machine, read for the vault: their depositors sit where the site runs, and need no wire.

1. A file was opened by its depositor, with his rights and for reading alone. It is a regular file of the announced
   size, and no program of an ordinary user plays its file system (FUSE).
2. Nobody has it open for writing, if its depositor could take a lease on it, who must own it for that.
3. It is read from front to back, no further than was announced; what is there of it already is proven on the way, as
   the wire's uploads prove it.
4. It is still the file that it was. Otherwise its last bytes are never given, and nothing counts as deposited.

A file system may keep whoever asks it waiting. So all that touches the file, closing it included, is done by a thread
of its own, and whoever needs the bytes waits for so long and no longer.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterator

from fomrepo.errors import ArgumentError, SiteBusyError
from fomrepo.model.deposits import ExpectedFile
from fomrepo.site.deposit import ReceivedPiece
from fomrepo.site.load import RETRY_AFTER_S
from fomrepo.site.single_pass import being_written
from fomrepo.vault.in_place import (
    READ_BYTES,
    BeingWrittenError,
    fingerprint_of_open,
    is_made_by_a_program,
    take_lease,
    watched_lease,
)
from fomrepo.wire.door import OVER_THE_WIRE

#: Files that are read at the same time. One whose file system does not answer keeps its place until it does.
PLACES = 8

#: Pieces that are read before they are wanted; with those that wait for their hash, 20 MiB a file.
PIECES_AHEAD = 4

#: Seconds without a byte after which a file is given up, and bytes that it has to give in a second in the long run.
SILENCE_LIMIT_S = 20.0
SLOWEST_BYTES_S = 2**20


class LocalCopies:
    """Reads open files at one site."""

    def __init__(self) -> None:
        self._places = threading.Semaphore(PLACES)

    def of(self, descriptor: int) -> LocalCopy:
        """Take over an open file, which is closed in the end; one that is not taken stays the caller's.

        Raises
        ------
        SiteBusyError
            If too many are being read.
        """
        if not self._places.acquire(blocking=False):
            raise SiteBusyError(
                f"{PLACES} files are being copied at this site's door",
                remedy=f"try again in {RETRY_AFTER_S} s",
                facts={"retry_after_s": str(RETRY_AFTER_S)},
            )
        return LocalCopy(descriptor, self._places.release)


class LocalCopy:
    """An open file that is read by a thread of its own; use it in a ``with`` block."""

    def __init__(self, descriptor: int, closed: Callable[[], None]) -> None:
        self._descriptor, self._closed = descriptor, closed
        self._ready: queue.Queue[tuple[int, ReceivedPiece] | Exception | None] = queue.Queue(PIECES_AHEAD)
        self._wanted: tuple[ExpectedFile, int] | None = None
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read-local-file", daemon=True)

    def __enter__(self) -> LocalCopy:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file; if it keeps its reader waiting, that is not waited for."""
        self._given_up.set()
        if self._wanted is None:
            self._thread.start()

    def pieces(self, file: ExpectedFile, offset: int, *, told: Callable[[int], None]) -> Iterator[ReceivedPiece]:
        """Give the bytes behind ``offset``, and before them the proof of those up to there.

        Parameters
        ----------
        file
            What was announced.
        offset
            Bytes that are there.
        told
            Told how far the reading is.

        Raises
        ------
        ArgumentError
            If this file cannot be read in this way; over the wire it can be sent.
        ConflictError
            If somebody writes to it.
        """
        self._wanted = (file, offset)
        self._thread.start()
        began, done = time.monotonic(), 0
        while True:
            patience_s = began + SILENCE_LIMIT_S + done / SLOWEST_BYTES_S - time.monotonic()
            try:
                found = self._ready.get(timeout=min(max(patience_s, 0.0), SILENCE_LIMIT_S))
            except queue.Empty:
                raise _over_the_wire(file, "its file system is too slow") from None
            if isinstance(found, Exception):
                raise found
            if found is None:
                return
            done, piece = found
            yield piece
            told(done)

    def _read(self) -> None:
        try:
            if self._wanted is not None:
                for found in _pieces(self._descriptor, *self._wanted):
                    self._give(found)
                    if self._given_up.is_set():
                        return
                self._give(None)
        except Exception as error:  # belongs to whoever waits for the bytes
            self._give(error)
        finally:
            os.close(self._descriptor)
            self._closed()

    def _give(self, found: tuple[int, ReceivedPiece] | Exception | None) -> None:
        while not self._given_up.is_set():
            try:
                return self._ready.put(found, timeout=0.1)
            except queue.Full:
                continue
        return None


def _pieces(descriptor: int, file: ExpectedFile, offset: int) -> Iterator[tuple[int, ReceivedPiece]]:
    """1. - 4. Each piece with the number of bytes that were read up to its end."""
    try:
        _check_kind(descriptor, file)
        leased = take_lease(descriptor)
        with watched_lease(descriptor) as still_held:
            before, done, digest = fingerprint_of_open(descriptor), 0, hashlib.sha256()
            if before.size != file.size:
                raise being_written(file)
            while done < file.size:
                border = offset if done < offset else file.size
                block = os.pread(descriptor, min(READ_BYTES, border - done), done)
                done += len(block)
                if not block or (leased and not still_held()):
                    raise being_written(file)
                if done > offset:
                    yield done, ReceivedPiece(block)
                    continue
                digest.update(block)
                yield done, ReceivedPiece(b"", prefix_digest=digest.hexdigest() if done == offset else "")
            if fingerprint_of_open(descriptor) != before or (leased and not still_held()):
                raise being_written(file)
    except BeingWrittenError:
        raise being_written(file) from None
    except OSError as error:
        raise _over_the_wire(file, error.strerror or "it cannot be read") from None


def _check_kind(descriptor: int, file: ExpectedFile) -> None:
    """1. Look at what was handed over; the kernel alone is asked until it is known that no program plays it."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    if flags & os.O_PATH or flags & os.O_ACCMODE != os.O_RDONLY:
        raise _over_the_wire(file, "it was not opened for reading alone")
    if is_made_by_a_program(descriptor):
        raise _over_the_wire(file, "its file system is a program of an ordinary user")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _over_the_wire(file, "it is no regular file")


def _over_the_wire(file: ExpectedFile, why: str) -> ArgumentError:
    return ArgumentError(
        f"{file.name} cannot be copied at the site's door: {why}",
        remedy="send it over the wire",
        facts={"reason": OVER_THE_WIRE, "file": file.name},
    )
