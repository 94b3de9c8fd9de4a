"""A spare as the site sees it: a sandbox in which everything is imported, and which holds nothing of anybody yet.

It becomes the holder of one call's files: nothing can be mounted into it any more, so the site hands it the files open,
for reading only, and the harness copies them to where they would be bound (docs/guest-protocol.md).
"""

from __future__ import annotations

import json
import os
import select
import socket
import stat
import struct
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.orders import HoldOrder, InputFile

__all__ = ["LATE_TYPES", "SPARE_REQUEST", "Spare"]

#: What a spare is asked at its start.
SPARE_REQUEST = b'{"protocol":1,"task":"spare"}'

#: File types whose readers MDAnalysis has only if they can be imported when it is imported itself; a spare leaves them
#: out, as a holder does whose files are of other types (sandbox/packages).
LATE_TYPES = frozenset({"EDR", "GSD", "H5MD", "MMCIF", "TNG"})

#: Everything is imported in half a second; a machine under heavy load may take long.
READY_TIMEOUT_S = 60.0
READY = b"r"

LENGTH = struct.Struct("<Q")


class Spare:
    """A sandbox that waits; made by ``Warden.spare``, and used up by ``Warden.hold``.

    Parameters
    ----------
    talk
        The site's end of its socket.
    process
        The host's id of its process.
    lower
        Lowers its limits to those of an order.
    end
        Ends it, and returns the warden's last word of it.
    """

    def __init__(
        self,
        talk: socket.socket,
        process: int,
        lower: Callable[[HoldOrder], None],
        end: Callable[[], dict[str, Any] | None],
    ) -> None:
        self.talk, self.process, self.end = talk, process, end
        self._lower = lower

    @property
    def alive(self) -> bool:
        """Whether it still waits: it has nothing to say, and has not hung up."""
        poll = select.poll()
        poll.register(self.talk, select.POLLIN)
        return not poll.poll(0)

    def prepare(self) -> None:
        """Ask it to import everything, and wait until it has.

        Raises
        ------
        SandboxUnavailableError
            It ended instead, or takes too long.
        """
        self.talk.settimeout(READY_TIMEOUT_S)
        try:
            self.talk.sendall(LENGTH.pack(len(SPARE_REQUEST)) + SPARE_REQUEST)
            self._hear()
        except OSError as error:
            raise SandboxUnavailableError(f"a spare sandbox does not get ready: {error}") from None

    def hand_over(self, order: HoldOrder) -> None:
        """Make it the holder of an order: lower its limits, give it the files, wait until it has them.

        The request is to follow: until then it has not looked into a file.

        Raises
        ------
        SandboxUnavailableError
            It has ended, or takes too long.
        ValueError
            An input is not a regular file.
        """
        self._lower(order)
        names = json.dumps([each.inside for each in order.inputs]).encode()
        with ExitStack() as opened:
            descriptors = []
            for each in order.inputs:
                descriptors.append(_opened(each))
                opened.callback(os.close, descriptors[-1])
            try:
                socket.send_fds(self.talk, [LENGTH.pack(len(names))], descriptors)
                self.talk.sendall(names)
                self._hear()
            except OSError as error:
                raise SandboxUnavailableError(f"a spare sandbox does not take its files: {error}") from None

    def close(self) -> None:
        """End it unused."""
        self.talk.close()
        self.end()

    def _hear(self) -> None:
        """Wait for the byte by which it says that it is done."""
        if self.talk.recv(1) != READY:
            raise ConnectionResetError("it has ended")


def _opened(file: InputFile) -> int:
    """Open a regular file for reading; never waits for what is none."""
    descriptor = os.open(file.host_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{file.host_path} is not a regular file")
    return descriptor
