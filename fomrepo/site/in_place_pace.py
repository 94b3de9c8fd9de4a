"""Keeps the reading of a file beside its probe, so that who is behind finds in the page cache what the other one read.

A probe takes a while to start, and a disk gives a gigabyte in that time: a reading that did not wait would leave behind
more than the page cache of a busy machine keeps, and the probe would have the disk read it a second time. A probe that
ran ahead would do the same to the reading: what it reads first counts as its own memory, of which it has little, so it
waits for leave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

#: How far a reading may be ahead of the probe: more than a fast disk gives between two words of it.
AHEAD_BYTES = 256 * 2**20

#: A probe is given leave for so many bytes at once, after they were read.
LEAVE_BYTES = 16 * 2**20

#: Between two looks whether the talk with the probe has ended, in seconds.
LOOK_S = 0.05

#: A probe that is silent for so long, in seconds, is not waited for: it looks at bytes in an order of its own.
SILENCE_S = 10.0


class Pace:
    """How far one file was read, and how far its probe is."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._position = 0
        self._heard = time.monotonic()
        self._ended = False
        self._read = 0
        self._is_read = False

    def hear(self, position: int, size: int) -> None:
        """Note up to where the probe has come; the size says nothing new."""
        with self._changed:
            self._position = max(self._position, position)
            self._heard = time.monotonic()
            self._changed.notify_all()

    def end(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def keep(self, done: int) -> None:
        """Note how far it was read; wait while that is too far ahead of a probe that goes on saying where it is."""
        with self._changed:
            self._read = done
            self._changed.notify_all()
            while not self._ended and done > self._position + AHEAD_BYTES:
                left_s = self._heard + SILENCE_S - time.monotonic()
                if left_s <= 0:
                    return
                self._changed.wait(left_s)

    def end_reading(self) -> None:
        """Give the probe leave for all that is left."""
        with self._changed:
            self._is_read = True
            self._changed.notify_all()

    def leave(self) -> Iterator[bytes]:
        """Give a byte for each ``LEAVE_BYTES`` that were read, none now and then, until the reading has ended."""
        given = 0
        while True:
            with self._changed:
                if not self._is_read and self._read < (given + 1) * LEAVE_BYTES:
                    self._changed.wait(LOOK_S)
                if self._is_read:
                    return
                fresh = self._read // LEAVE_BYTES - given
            given += fresh
            yield bytes(fresh)
