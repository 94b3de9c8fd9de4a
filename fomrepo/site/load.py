"""Slots of a site: how many runs at once, how many wait, and what of it others are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fomrepo.errors import CancelledError, SiteBusyError

#: Runs that may wait for each slot before a site says that it is busy.
WAITING_PER_SLOT = 64


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """How busy a site is now."""

    running: int
    waiting: int
    slots: int


class Slots:
    """Lets ``count`` runs through at a time; the others wait in line."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._running = 0
        self._line: list[object] = []
        self._changed = threading.Condition()

    def figures(self) -> LoadFigures:
        """How busy the site is now."""
        with self._changed:
            return LoadFigures(self._running, len(self._line), self._count)

    @contextmanager
    def one(self, cancelled: threading.Event) -> Iterator[None]:
        """Wait in line for a slot and hold it during the ``with`` block.

        Raises
        ------
        SiteBusyError
            If the line is too long.
        CancelledError
            If the run was cancelled while it waited.
        """
        ticket = object()
        with self._changed:
            if len(self._line) >= WAITING_PER_SLOT * self._count:
                raise SiteBusyError(
                    f"{len(self._line)} runs wait for {self._count} slots", remedy="try again in a minute"
                )
            self._line.append(ticket)
            try:
                while self._running >= self._count or self._line[0] is not ticket:
                    if cancelled.is_set():
                        raise CancelledError("the operation was cancelled while it waited for a slot")
                    self._changed.wait(0.1)
                self._running += 1
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
