"""What follows a request: bytes that a guest reads while it works, said by a thread beside the one that listens.

A guest may answer before it has heard all, and it may hear slowly: neither keeps the site from listening to it.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["saying"]

#: Between two looks whether the talk has ended.
LOOK_INTERVAL_MS = 50


@contextmanager
def saying(guest: socket.socket, following: Iterable[bytes | memoryview]) -> Iterator[None]:
    """Say something during the ``with`` block; what the guest has not heard at its end is left unsaid.

    Parameters
    ----------
    guest
        The site's end of the socket, not blocking.
    following
        Chunks. It gives an empty one now and then while there is nothing to say; when it ends, the guest is told.
    """
    over = threading.Event()
    speaker = threading.Thread(target=_say, args=(guest, following, over), name="say-to-guest", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


def _say(guest: socket.socket, following: Iterable[bytes | memoryview], over: threading.Event) -> None:
    poll = select.poll()
    poll.register(guest, select.POLLOUT)
    with suppress(OSError):  # the guest has ended; whoever listens hears of it
        for chunk in following:
            left = memoryview(chunk)
            while left and not over.is_set():
                if poll.poll(LOOK_INTERVAL_MS):
                    with suppress(BlockingIOError):
                        left = left[guest.send(left, socket.MSG_NOSIGNAL) :]
            if over.is_set():
                return
        guest.shutdown(socket.SHUT_WR)
