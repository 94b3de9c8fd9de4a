"""Measuring side by side: A B C, B C A, C A B ..., so that whatever disturbs the machine disturbs all alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.contestant import Contestant, ContestantError


@dataclass(frozen=True, slots=True)
class Entry:
    """Who does which work, under which name it is shown."""

    label: str
    contestant: Contestant
    work: str
    #: Takes part in every so many rounds: what takes a second needs no hundred repetitions.
    every: int = 1
    #: Calls before, which do not count.
    warm_ups: int = 3


@dataclass(slots=True)
class Samples:
    """Seconds that a contestant took for one work, call by call."""

    seconds: list[float] = field(default_factory=list)
    #: Why there are no more of them; empty if nothing failed.
    error: str = ""

    @property
    def p50(self) -> float | None:
        """Median; None if a call failed."""
        return statistics.median(self.seconds) if self.seconds and not self.error else None

    @property
    def p95(self) -> float | None:
        """What 19 of 20 calls stay below; None if a call failed."""
        if self.p50 is None:
            return None
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


#: Rounds that take place however long they take.
FEWEST_ROUNDS = 2


def interleave(
    entries: Sequence[Entry],
    *,
    rounds: int,
    budget_s: float,
    times: int = 1,
    idle_s: float = 0.0,
) -> dict[str, Samples]:
    """Measure all entries in turns.

    Parameters
    ----------
    entries
        In the order of the first round; each round begins with another one.
    rounds
        How often each takes its turn, at most.
    budget_s
        No round begins later than this, but the first two.
    times
        Calls in one turn; a turn ends early when it has taken its part of the budget.
    idle_s
        Pause of the caller before each call.

    Returns
    -------
    dict
        By label. One that failed has its error and takes no further turn.
    """
    samples = {entry.label: Samples() for entry in entries}
    turn_s = budget_s / len(entries) / FEWEST_ROUNDS
    for entry in entries:
        _turn(entry, samples[entry.label], times=entry.warm_ups, idle_s=idle_s)
        samples[entry.label].seconds.clear()
    until = time.monotonic() + budget_s
    for number in range(rounds):
        if number >= FEWEST_ROUNDS and time.monotonic() > until:
            break
        first = number % len(entries)
        for entry in (*entries[first:], *entries[:first]):
            if number % entry.every == 0 and not samples[entry.label].error:
                _turn(entry, samples[entry.label], times=times, idle_s=idle_s, turn_s=turn_s)
    return samples


def _turn(entry: Entry, samples: Samples, *, times: int, idle_s: float, turn_s: float = math.inf) -> None:
    if not times:
        return
    try:
        samples.seconds += entry.contestant.time(entry.work, times=times, idle_s=idle_s, at_most_s=turn_s)
    except ContestantError as error:
        samples.error = str(error)
