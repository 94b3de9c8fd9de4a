"""Where a site's copies lie, in its vault or in place, and whether they are still what they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from fomrepo.model.files import Guard, Replica, StatFingerprint
from fomrepo.vault.in_place import (
    READ_BYTES,
    BeingWrittenError,
    fingerprint_at,
    fingerprint_of_open,
    guard_of,
    open_in_place,
    read_once,
    take_lease,
    watched_lease,
)
from fomrepo.vault.objects import DISK_FAILS, ObjectStore, storage_errors
from fomrepo.vault.receive import read_chunks


class Copies:
    """The copies of one site, by their digests.

    Parameters
    ----------
    vault
        Holds those that do not lie elsewhere.
    """

    def __init__(self, vault: ObjectStore) -> None:
        self._vault = vault
        self._placed: dict[str, Replica] = {}
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}

    def know(self, replica: Replica) -> None:
        """Remember where a copy lies, for those who only have its digest."""
        if replica.place is None:
            self._placed.pop(replica.digest, None)
        else:
            self._placed[replica.digest] = replica

    def path(self, digest: str) -> Path:
        """Where a copy lies that is known, or is in the vault."""
        placed = self._placed.get(digest)
        return self._vault.path(digest) if placed is None or placed.place is None else Path(placed.place.path)

    def identity(self, digest: str) -> tuple[int, int] | None:
        """Device and inode of a copy in place, whose path its owner may lead elsewhere; None for one in the vault."""
        placed = self._placed.get(digest)
        return None if placed is None else (placed.fingerprint.device, placed.fingerprint.inode)

    def fingerprint(self, replica: Replica) -> StatFingerprint | None:
        """What the file system says of a copy now; None if it is not there, or not readable for this site's user.

        Raises
        ------
        StorageError
            If its disk fails.
        """
        if replica.place is None:
            return self._vault.fingerprint(replica.digest)
        with _disk_in_place():
            return fingerprint_at(replica.place.path)

    def read(self, replica: Replica, *, offset: int = 0, length: int = 0) -> Iterator[bytes]:
        """Bytes of a copy from an offset on, ``length`` of them or all if that is 0."""
        if replica.place is None:
            yield from read_chunks(self._vault.path(replica.digest), offset=offset, length=length)
            return
        with _disk_in_place(), _opened(replica.place.path) as descriptor:
            end = offset + length if length else replica.fingerprint.size
            while offset < end and (chunk := os.pread(descriptor, min(READ_BYTES, end - offset), offset)):
                yield chunk
                offset += len(chunk)

    def read_again(
        self, replica: Replica, *, told: Callable[[int], None] = lambda _: None
    ) -> tuple[StatFingerprint, Guard] | None:
        """Read a copy in place to its end; None unless it is there with the bytes that it should have.

        Returns
        -------
        tuple or None
            What the file system says of it, and how its changes are noticed from now on.

        Raises
        ------
        StorageError
            If its disk fails, which says nothing about its bytes.
        """
        if replica.place is None:
            raise ValueError("this copy is not in place")
        try:
            with _opened(replica.place.path) as descriptor:
                return _read_again(descriptor, replica, replica.place.guard, told)
        except OSError as error:
            if error.errno in DISK_FAILS:
                with _disk_in_place():
                    raise
            return None

    @contextmanager
    def turn(self, digest: str) -> Iterator[None]:
        """Let one thread at a time read a copy again: what it finds is what the others wanted to know."""
        with self._lock:
            turn = self._turns.setdefault(digest, threading.Lock())
        with turn:
            yield


def _read_again(
    descriptor: int, replica: Replica, guard: Guard, told: Callable[[int], None]
) -> tuple[StatFingerprint, Guard] | None:
    before = fingerprint_of_open(descriptor)
    try:
        leased = take_lease(descriptor)
    except BeingWrittenError:
        leased = False
    with watched_lease(descriptor) as still_held:
        if read_once(descriptor, told=told) != replica.digest or fingerprint_of_open(descriptor) != before:
            return None
        leased = leased and still_held()
    return before, guard if before == replica.fingerprint else guard_of(descriptor, leased=leased)


def _disk_in_place() -> AbstractContextManager[None]:
    """Turn errors of a disk into a ``StorageError`` that names no path: it may be that of a stranger's copy."""
    return storage_errors(Path("a file in place"))


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = open_in_place(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
