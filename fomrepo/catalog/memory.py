"""What was read before and still holds, so that a call need not read it again.

The catalog counts the changes of what calls mean: who asks, what a name means, who sees it, where it lies (the table
``changes``, counted by triggers, so that no operation can forget to). Each snapshot reads that number for itself; what
an earlier snapshot of the same number has read, it would read again. So nothing is believed for a time: the catalog is
asked each time whether it has changed, and only that (snapshot.py). What also depends on the clock says until when it
holds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from fomrepo.catalog.tables import changes

#: Entries that are kept, all callers together: some kilobytes each.
ENTRIES = 4096

NUMBER = select(changes.c.number)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a snapshot was taken, in the catalog's own count of its changes and by this machine's monotonic clock."""

    number: int
    began: float


def read_number(connection: Connection) -> int:
    """Read the count of changes, as a snapshot sees it."""
    return int(connection.scalars(NUMBER).one())


class Memory:
    """Values by keys, each as of one number of changes. Threads may share it."""

    def __init__(self) -> None:
        #: Count of the changes as of which something was kept last; None: everything is forgotten.
        self.number: int | None = None
        self._known: dict[Hashable, tuple[int, float, Any]] = {}
        self._forgot = -math.inf

    def forget(self) -> None:
        """Forget everything: what answers next may be another server, or an older copy, that counts anew."""
        self._forgot = time.monotonic()
        self._known, self.number = {}, None

    def recall(self, key: Hashable, moment: Moment) -> Any:
        """Value that a snapshot of this moment would read; None if that is not known."""
        number, until, value = self._known.get(key, (-1, 0.0, None))
        return value if number == moment.number and time.monotonic() < until else None

    def keep(self, key: Hashable, moment: Moment, value: Any, *, holds_s: float = math.inf) -> None:
        """Keep what a snapshot of this moment has read, if nothing was forgotten since; it must never be changed.

        Parameters
        ----------
        key
            Names the operation and all that it was given, so also whom it was for.
        moment
            Of the snapshot.
        value
            What was read.
        holds_s
            Seconds after the beginning of the snapshot for which it holds if nothing changes.
        """
        known = self._known
        if moment.began <= self._forgot:
            return
        if len(known) >= ENTRIES:
            known.clear()
        known[key] = (moment.number, moment.began + holds_s, value)
        self.number = moment.number
