"""Hands files of a deposit over to a site on this very machine: open, through its door, with no byte on the wire.

1. The site is asked over TLS where its door is, and tells whoever runs on the same machine.
2. What lies there must be the very socket that the site means: the token goes through it.
3. A file is opened here, with the rights of whoever runs this, and under a read lease if it is his.
4. The site copies and hashes it. It is not hashed here as well: both would read the same bytes of the same disk.

Where there is no door, or it does not take a file, the wire does.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_send import LocalFile, changed_file, send_file
from fomrepo.errors import ArgumentError, CancelledError, ConflictError, FomrepoError, SiteBusyError, StorageError
from fomrepo.wire.door import OVER_THE_WIRE, PROTOCOL, checked, receive_message, send_message, this_machine
from fomrepo.wire.v1 import deposits_pb2

#: How files came to a site: copied at its door, or sent over the wire.
DOOR, WIRE = "door", "wire"

#: Seconds for a door to open.
KNOCK_S = 5.0


def bring_file(
    site: Connection,
    deposit: str,
    file: LocalFile,
    received: int,
    *,
    tell: Callable[[int], None],
    stop: threading.Event | None = None,
    wire: bool = False,
) -> tuple[str, str]:
    """Let a site have a file, by its door if there is one.

    Parameters
    ----------
    site
        Connection to the site that takes the bytes.
    deposit
        Id of the draft.
    file
        What to bring.
    received
        Bytes that the site has.
    tell
        Told how many bytes are done, now and then.
    stop
        Ends it when it is set.
    wire
        Do not look for a door.

    Returns
    -------
    tuple of str
        SHA-256 of the file, and the way that it took.

    Raises
    ------
    ArgumentError, ConflictError
        If somebody writes to the file meanwhile.
    DigestMismatchError
        If what the site has are other bytes; it has none of them any more.
    """
    if not wire:
        with door_of(site) as door:
            if door is not None:
                try:
                    return _copied(door, site.token, deposit, file, tell, stop or threading.Event()), DOOR
                except (ArgumentError, SiteBusyError) as error:
                    if isinstance(error, ArgumentError) and error.facts.get("reason") != OVER_THE_WIRE:
                        raise
                received = _received(site, deposit, file)
    return send_file(site, deposit, file, received, tell=tell, stop=stop), WIRE


@contextmanager
def door_of(site: Connection, named: Path | None = None) -> Iterator[socket.socket | None]:
    """1. - 2. Knock at a site's door, or at the one that is named; None where there is none that can be reached."""
    path = _told_by(site) if named is None else named
    if path is None:
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.settimeout(KNOCK_S)
        try:
            talk.connect(str(path))
            talk.settimeout(None)
            found = True
        except OSError:
            found = False
        yield talk if found else None


def _copied(
    door: socket.socket,
    token: str,
    deposit: str,
    file: LocalFile,
    tell: Callable[[int], None],
    stop: threading.Event,
) -> str:
    """3. - 4. Hand a file over and wait until it is copied."""
    with opened_under_lease(file.path) as descriptor:
        now = os.fstat(descriptor)
        if now.st_size != file.expected.size or file.mtime_ns not in (0, now.st_mtime_ns):
            raise changed_file(file, now.st_size)
        wanted = {"do": "copy", "protocol": PROTOCOL, "token": token, "deposit": deposit, "name": file.expected.name}
        send_message(door, wanted, descriptor=descriptor)
    while True:
        match checked(receive_message(door)[0]):
            case {"done": int(done)}:
                tell(done)
            case {"digest": str(digest)}:
                return digest
        if stop.is_set():
            raise CancelledError(f"copying {file.expected.name} was interrupted")


@contextmanager
def opened_under_lease(path: Path) -> Iterator[int]:
    """Open a file as whoever runs this, and take a read lease on it, if it is his to take.

    Raises
    ------
    ConflictError
        If somebody has it open for writing.
    StorageError
        If it cannot be read.
    """
    from fomrepo.vault.in_place import BeingWrittenError, take_lease  # Linux alone has leases

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}", remedy="check its permissions") from None
    try:
        try:
            take_lease(descriptor)
        except BeingWrittenError:  # which only he can find out whose file it is
            raise ConflictError(
                f"somebody has {path} open for writing",
                remedy="wait until the program that writes it has ended (see fuser -v), then run the command again",
                facts={"reason": "being_written", "file": path.name},
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)


def _told_by(site: Connection) -> Path | None:
    """Where a site says that its door is, if that very socket can be seen from here."""
    if not (machine := this_machine()):
        return None
    try:
        found = site.ask(lambda channel: channel.deposits.Door, deposits_pb2.DoorRequest(machine=machine))
        there = os.lstat(found.path)
    except (FomrepoError, OSError):  # whatever it is: the wire will tell
        return None
    return Path(found.path) if (there.st_dev, there.st_ino) == (found.device, found.inode) else None


def _received(site: Connection, deposit: str, file: LocalFile) -> int:
    """Bytes of a file that the site has now."""
    now = site.ask(lambda channel: channel.deposits.Get, deposits_pb2.CompleteDepositRequest(deposit=deposit))
    return next(one.received for one in now.uploads if one.name == file.expected.name)
