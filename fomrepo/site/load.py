"""Admission: which run may begin, which waits, and what of it others are told.

A site has slots and a memory budget. Who waits is let in by fair share: first the user with the fewest runs under way,
then the project with the fewest, then who was let in longest ago. So a user's hundred queued calls delay another's
single call by at most the one slot that is next to come free.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fomrepo.errors import CancelledError, SiteBusyError, SiteError

#: Runs that may wait at a site, for each slot, all users together; and those of one user.
WAITING_PER_SLOT = 256
WAITING_PER_SLOT_AND_USER = 64

#: Seconds after which a refused caller may try again: about the time that a short queue takes.
RETRY_AFTER_S = 5

#: Seconds between two looks at whether a waiting run was cancelled.
CANCEL_CHECK_S = 0.1


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """How busy a site is now."""

    running: int
    waiting: int
    slots: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run needs, and on whose behalf."""

    #: Id of the principal.
    user: str
    #: Name of the project whose data is read.
    project: str
    memory_bytes: int


@dataclass(slots=True, eq=False)
class _Waiting:
    claim: Claim
    number: int
    admitted: bool = False


class Slots:
    """Lets a number of runs through at a time, within a memory budget.

    Parameters
    ----------
    count
        Runs at the same time.
    memory_bytes
        What all runs together may be promised.
    """

    def __init__(self, count: int, memory_bytes: int) -> None:
        self._count, self._memory = count, memory_bytes
        self._running: list[Claim] = []
        self._line: list[_Waiting] = []
        self._last_let_in: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()

    @property
    def memory_bytes(self) -> int:
        """What all runs together may be promised."""
        return self._memory

    def figures(self) -> LoadFigures:
        """How busy the site is now."""
        with self._changed:
            return LoadFigures(len(self._running), len(self._line), self._count)

    def at_rest(self) -> bool:
        """Whether nothing runs or waits."""
        with self._changed:
            return not self._running and not self._line

    @contextmanager
    def one(self, claim: Claim, cancelled: threading.Event) -> Iterator[None]:
        """Wait for a slot and hold it during the ``with`` block.

        Raises
        ------
        SiteError
            If the site has less memory than the run needs, however long it waits.
        SiteBusyError
            If too many runs wait, all together or of this user; ``facts["retry_after_s"]`` says when to try again.
        CancelledError
            If the run was cancelled while it waited.
        """
        self._enter(claim, cancelled)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(claim)
                self._let_in()

    @contextmanager
    def more(self, claim: Claim, at_most: int) -> Iterator[int]:
        """Hold further slots for a run that has one, during the ``with`` block: what nobody waits for, and never waits.

        Yields
        ------
        int
            How many.
        """
        with self._changed:
            free = 0 if self._line else self._count - len(self._running)
            memory = self._memory - sum(one.memory_bytes for one in self._running)
            taken = max(min(at_most, free, memory // claim.memory_bytes), 0)
            self._running += [claim] * taken
        try:
            yield taken
        finally:
            with self._changed:
                for _ in range(taken):
                    self._running.remove(claim)
                self._let_in()

    def _enter(self, claim: Claim, cancelled: threading.Event) -> None:
        if claim.memory_bytes > self._memory:
            raise SiteError(
                f"the run needs {claim.memory_bytes // 2**20} MiB, "
                f"this site has {self._memory // 2**20} MiB for all runs",
                remedy="the operator can raise memory_mib in site.toml; or ask for fewer frames or atoms",
            )
        with self._changed:
            mine = sum(one.claim.user == claim.user for one in self._line)
            if len(self._line) >= WAITING_PER_SLOT * self._count or mine >= WAITING_PER_SLOT_AND_USER * self._count:
                raise SiteBusyError(
                    f"{len(self._line)} runs wait for {self._count} slots, {mine} of them are yours",
                    remedy=f"try again in {RETRY_AFTER_S} s",
                    facts={"retry_after_s": str(RETRY_AFTER_S)},
                )
            place = _Waiting(claim, next(self._numbers))
            self._line.append(place)
            self._let_in()
            while not place.admitted:
                if cancelled.is_set():
                    self._line.remove(place)
                    raise CancelledError("the operation was cancelled while it waited for a slot")
                self._changed.wait(CANCEL_CHECK_S)

    def _let_in(self) -> None:
        """Admit whoever comes next, as long as there is room; call it with the condition held."""
        while self._line and len(self._running) < self._count:
            users = Counter(one.user for one in self._running)
            projects = Counter(one.project for one in self._running)
            following = min(
                self._line,
                key=lambda one: (
                    users[one.claim.user],
                    projects[one.claim.project],
                    self._last_let_in.get(one.claim.user, 0),
                    one.number,
                ),
            )
            promised = sum(one.memory_bytes for one in self._running)
            if promised + following.claim.memory_bytes > self._memory:
                break  # it is next, and waits for memory: nobody overtakes it, or a large run would wait for ever
            self._line.remove(following)
            self._running.append(following.claim)
            self._last_let_in[following.claim.user] = next(self._numbers)
            following.admitted = True
        self._changed.notify_all()
