"""Ends streams on which nothing comes: otherwise whoever sends nothing would hold a thread for a day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class IdleWatch:
    """Watches over all streams of a site, in one thread.

    Parameters
    ----------
    limit_s
        How long a message may be waited for.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._waiting: dict[object, tuple[float, Callable[[], object]]] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def waiting(self, end: Callable[[], object]) -> Iterator[None]:
        """Call ``end`` if the ``with`` block, which waits for one message, lasts longer than the limit."""
        mark = object()
        with self._lock:
            self._waiting[mark] = (time.monotonic() + self._limit_s, end)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="idle-streams", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(mark, None)

    def _watch(self) -> None:
        while True:
            time.sleep(min(1.0, self._limit_s / 4))
            now = time.monotonic()
            with self._lock:
                late = [mark for mark, (until, _) in self._waiting.items() if until < now]
                ends = [self._waiting.pop(mark)[1] for mark in late]
            for end in ends:
                end()
