"""Ports of this machine that a process keeps as long as it lives, for servers that listen only now and then."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress

from fomrepo.errors import SiteError

#: Ports that are dealt out: below those that ``fomrepo site init`` gives sites to keep, and those that Linux lends.
DEALT = range(10_000, 20_000)
#: Ports that a process takes at once: for eight federations of three sites. Two hundred processes find some.
BLOCK = 50

#: What is left of the block that this process took last; a forked child takes one of its own.
_left: list[int] = []
os.register_at_fork(after_in_child=_left.clear)


def own_address() -> str:
    """Return a ``127.0.0.1:port`` that nobody else on this machine gets from here while this process lives.

    A port on which nobody listens yet, or for the moment, is free to the kernel; so processes first agree on who
    chooses from which block. A block is taken by binding a Unix socket in the abstract name space: there is one such
    space for each network, as there is one set of ports, and the kernel gives the name back when the process ends.

    Raises
    ------
    SiteError
        If all are taken.
    """
    while True:
        if not _left:
            _left.extend(_take_block())
        port = _left.pop(0)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return f"127.0.0.1:{port}"


def _take_block() -> range:
    for first in DEALT[::BLOCK]:
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0fomrepo-ports-{first}")
        except OSError as error:
            name.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            name.detach()  # it stays open until this process ends
            return range(first, first + BLOCK)
    raise SiteError(f"processes on this machine hold all ports from {DEALT.start} to {DEALT.stop - 1}")
