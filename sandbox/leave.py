"""Guest: how far a probe may look into a file that the host reads at the same time (docs/guest-protocol.md).

A probe that ran ahead would have the disk read what the page cache may have lost before the host comes there.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BufferedReader

READ_BYTES = 4096  # more leave than a host gives at once


class Leave:
    """The leave that the host gives.

    Parameters
    ----------
    stream
        What the request came by: each further byte gives leave for `each` further bytes of the file, its end for all.
    each
        See there; 0: leave for all is given.
    """

    def __init__(self, stream: BufferedReader, each: int) -> None:
        self._stream = stream
        self._each = each
        self._given = 0

    def wait_for(self, position: int, before: Callable[[], None]) -> None:
        """Return once there is leave to look at `position`; `before` is called if that has to be waited for."""
        if self._each and position >= self._given:
            before()
        while self._each and position >= self._given:
            if heard := len(self._stream.read1(READ_BYTES)):
                self._given += heard * self._each
            else:
                self._each = 0
