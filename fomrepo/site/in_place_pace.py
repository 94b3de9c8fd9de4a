"""Keeps the reading of a file beside its probe, so that who is behind finds in the page cache what the other one read.

A probe takes a while to start, and a disk gives a gigabyte in that time: a reading that did not wait would leave behind
more than the page cache of a busy machine keeps, and the probe would have the disk read it a second time.
"""

from __future__ import annotations

import threading
import time

#: How far a reading may be ahead of the probe: more than a fast disk gives between two words of it.
AHEAD_BYTES = 256 * 2**20

#: A probe that is silent for so long, in seconds, is not waited for: it looks at bytes in an order of its own.
SILENCE_S = 10.0


class Pace:
    """How far the probe of one file is."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._position = 0
        self._heard = time.monotonic()
        self._ended = False

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
        """Wait while so many bytes are too far ahead of the probe, and it goes on saying where it is."""
        with self._changed:
            while not self._ended and done > self._position + AHEAD_BYTES:
                left_s = self._heard + SILENCE_S - time.monotonic()
                if left_s <= 0:
                    return
                self._changed.wait(left_s)
