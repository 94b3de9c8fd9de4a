"""Doing something again while nobody answers: a link that drops, a site that starts anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from fomrepo.errors import ConflictError, NetworkError, SiteBusyError

T = TypeVar("T")

#: How long a site that does not answer is asked again, since it last did: it may be starting anew.
PATIENCE_S = 120.0
#: Pauses between two attempts begin with the first and are doubled up to the second.
PAUSES_S = (0.2, 5.0)


def patiently(work: Callable[[], T], patience_s: float, stop: threading.Event | None = None) -> T:
    """Do something that may be done twice, again if nobody answers or another command is at it.

    Parameters
    ----------
    work
        What is done.
    patience_s
        How long it is tried since it last went well.
    stop
        Ends the trying, if set.

    Raises
    ------
    NetworkError, SiteBusyError, ConflictError
        Of the last attempt.
    """
    give_up, pause = time.monotonic() + patience_s, PAUSES_S[0]
    while True:
        began = time.monotonic()
        try:
            return work()
        except (NetworkError, SiteBusyError, ConflictError) as error:
            if isinstance(error, ConflictError) and error.facts.get("reason") != "busy":
                raise
            if time.monotonic() - began > PAUSES_S[1]:  # it went well for a while
                give_up, pause = time.monotonic() + patience_s, PAUSES_S[0]
            if time.monotonic() + pause > give_up:
                raise
            if stop is None:
                time.sleep(pause)
            elif stop.wait(pause):
                raise
        pause = min(2 * pause, PAUSES_S[1])
