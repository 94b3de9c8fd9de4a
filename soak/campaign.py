"""What a campaign is, and how one is carried out: seeded, and going on where it was interrupted."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Campaign", "Found", "Judgement", "Trial", "carry_out"]

#: What a trial found, as JSON: names and figures.
Found = dict[str, Any]

#: One trial: its number, from 0, and the random numbers that are its own.
Trial = Callable[[int, random.Random], Found]

#: A line about the progress, that often.
PROGRESS_INTERVAL_S = 30.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the trials came to."""

    #: Name -> figure, for the report.
    figures: dict[str, float | int | str]
    #: One sentence for each promise that was broken; empty: all were kept.
    broken: list[str]


@dataclass(frozen=True, slots=True)
class Campaign:
    """Many trials of one promise; a module of this package has one as ``CAMPAIGN``."""

    #: The promise, a sentence.
    promise: str
    #: Trials of the whole campaign.
    count: int
    #: Trials of the short form, which takes some seconds.
    short_count: int
    #: Set up what trials need, and give one.
    prepare: Callable[[], AbstractContextManager[Trial]]
    #: Judge what all trials found, in their order; told whether it is the short form, on a machine that is busy.
    judge: Callable[[list[Found], bool], Judgement]


def carry_out(
    campaign: Campaign,
    *,
    seed: int,
    count: int,
    short: bool,
    journal: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[list[Found], Judgement]:
    """Make the trials that the journal does not hold yet, and judge all.

    Parameters
    ----------
    campaign
        What to do.
    seed
        Equal seeds make equal trials, whatever their number is and wherever they were interrupted.
    count
        How many trials.
    short
        Whether it is the short form.
    journal
        File of one line a trial; None: nothing is kept.
    say
        Told about the progress.
    """
    known = _read(journal)
    missing = [number for number in range(count) if number not in known]
    if len(missing) < count:
        say(f"{count - len(missing)} of {count} trials were made before")
    if missing:
        said_at = time.monotonic()
        with campaign.prepare() as trial:
            for number in missing:
                known[number] = trial(number, random.Random(f"{seed}/{number}"))
                _append(journal, number, known[number])
                if time.monotonic() - said_at > PROGRESS_INTERVAL_S:
                    said_at = time.monotonic()
                    say(f"{number + 1} of {count} trials")
    found = [known[number] for number in range(count)]
    return found, campaign.judge(found, short)


def _read(journal: Path | None) -> dict[int, Found]:
    """Read a journal; a last line that was cut by an interruption does not count."""
    known: dict[int, Found] = {}
    if journal is not None and journal.exists():
        for line in journal.read_text().splitlines():
            try:
                number, found = json.loads(line)
            except ValueError:
                continue
            known[number] = found
    return known


def _append(journal: Path | None, number: int, found: Found) -> None:
    if journal is not None:
        with journal.open("a") as file:
            file.write(f"\n{json.dumps([number, found])}")
