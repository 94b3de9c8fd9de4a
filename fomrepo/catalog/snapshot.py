"""One moment at which several questions are answered: a snapshot that is taken when one of them needs it.

What is remembered holds for the count of changes that was seen last (memory.py). A snapshot takes that count for
granted and asks nothing, until something has to be read: then it begins, and reads the count. A first query that reads
the count itself needs no transaction (glance.py). If nothing had to be read, the count alone is asked for at the end.
Where it is another one by now, all is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from fomrepo.catalog.memory import Moment, read_number


class OutdatedError(Exception):
    """What was taken for granted is not so any more: to be asked again."""


class Snapshot:
    """Reads as a connection does, in a transaction that begins with the first statement.

    Parameters
    ----------
    begin
        Begins a transaction that is a snapshot.
    supposed
        Count that is taken for granted; None: it has to be read.
    """

    def __init__(self, begin: Callable[[], Connection], supposed: int | None) -> None:
        self._begin = begin
        self._started = time.monotonic()
        self._number = supposed
        self._connection: Connection | None = None
        self._is_confirmed = self._outdated = False

    def __getattr__(self, name: str) -> Any:
        """Attribute of the connection."""
        return getattr(self._begun(), name)

    def moment(self) -> Moment:
        """When it is, as far as is known."""
        number = self._number
        return Moment(read_number(self._begun()) if number is None else number, self._started)

    @property
    def begun(self) -> bool:
        """Whether something was read by it."""
        return self._connection is not None

    def is_at(self, number: int) -> None:
        """Take note of the count, as it is now.

        Raises
        ------
        OutdatedError
            If it is not what was taken for granted.
        """
        self._outdated |= self._number not in (None, number)
        self._number, self._is_confirmed = number, True
        if self._outdated:
            raise OutdatedError

    def confirm(self, is_still: Callable[[int], bool]) -> None:
        """Raise `OutdatedError` if the count is not what was taken for granted."""
        if not self._is_confirmed and self._number is not None:
            self._outdated = not is_still(self._number)
        if self._outdated:
            raise OutdatedError

    def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = self._begin()
            self.is_at(read_number(self._connection))
        if self._outdated:
            raise OutdatedError
        return self._connection
