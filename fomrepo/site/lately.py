"""What the catalog is told just now: found here until it is written, and a moment longer.

Whoever looks takes a snapshot of the catalog first and looks here afterwards. In between a row may be committed, which
that snapshot does not have; if it were gone from here at once, it would be nowhere.
"""

from __future__ import annotations

import math
import time
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Seconds for which something is found after it was written: longer than anybody works with one snapshot.
FOUND_AFTER_S = 5.0


class Lately(Generic[K, V]):
    """Values by their keys. Threads may share it."""

    def __init__(self) -> None:
        self._entries: dict[K, tuple[V, float]] = {}
        #: When what was written goes, and its key, in the order in which it was written.
        self._going: deque[tuple[float, K]] = deque()

    def put(self, key: K, value: V) -> None:
        """Let a value be found that is on its way into the catalog."""
        self._entries[key] = (value, math.inf)

    def written(self, key: K) -> None:
        """Forget a value in a moment: the catalog has it, or will never have it."""
        now = time.monotonic()
        if (entry := self._entries.get(key)) is not None:
            self._entries[key] = (entry[0], now + FOUND_AFTER_S)
            self._going.append((now + FOUND_AFTER_S, key))
        with suppress(IndexError):  # another thread may forget at the same time
            while self._going[0][0] <= now:
                _, old = self._going.popleft()
                if self._entries.get(old, (None, math.inf))[1] <= now:  # it was not put again
                    self._entries.pop(old, None)

    def get(self, key: K) -> V | None:
        """Value that a snapshot of the catalog may lack."""
        value, until = self._entries.get(key, (None, 0.0))
        return value if time.monotonic() < until else None
