"""A run that is cut over its frames: its parts at once, each in a child of its own, then one child that combines them.

1. Each part does a range of the frames that the caller asked for, in his order.
2. What a part answers is read as hostile, as a whole answer is. The first part that fails ends the others.
3. One more child gets the containers of all parts and makes the result of them: no number of a guest is worked with
   outside of the wall.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from fomrepo.errors import LimitHit
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import RunReport
from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import FrameRange
from fomrepo.model.results import ResolvedCall
from fomrepo.vault.receive import read_chunks

#: A part is worth a child of its own if it does at least so much: cutting a run in two and combining it costs about
#: 10 ms of processor time, most of it two more forks.
PART_S = 0.05

#: Parts of one run; a holder has 16 children at most.
PARTS_LIMIT = 8

#: Seconds for an atom of a frame, of a method that has not run here: RMSD over decoded frames.
USUAL_PACE_S = 10e-9

#: Methods whose pace is remembered.
PACES_LIMIT = 1_000

#: What is left to combine in, at least: the limit on the wall is for the whole run.
COMBINE_S = 1.0


class Ask(Protocol):
    """Has a child of a holder do a part of a run, or combine the parts; ``more`` says which, as ``method_request``."""

    def __call__(
        self,
        *,
        outcome: BinaryIO,
        limits: RunLimits,
        on_progress: Callable[[int, int], None] | None = ...,
        cancelled: threading.Event,
        following: Iterable[bytes] | None = ...,
        **more: Any,
    ) -> RunReport:
        """Run it."""


class Paces:
    """How fast methods were here: seconds for each atom of a frame, by the digest of the method and how it ran."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, float] = {}

    def of(self, what: Hashable) -> float:
        """Pace of what ran before, or a usual one."""
        return self._seconds.get(what, USUAL_PACE_S)

    def learn(self, what: Hashable, seconds: float, size: int) -> None:
        """Note a run over so many atoms of frames, unless it was too short to say anything."""
        if size and max(seconds, size * self.of(what)) >= PART_S:
            if len(self._seconds) >= PACES_LIMIT:
                self._seconds.clear()
            self._seconds[what] = seconds / size


def run_size(call: ResolvedCall, frames: FrameRange | None) -> tuple[int, int]:
    """Frames that a call asks for, and the atoms in all of them, as far as the catalog knows the file."""
    facts = call.inputs[0].file.facts
    n_frames = int(facts.get("n_frames") or 0)
    if frames is not None and frames.frames is not None:
        n_frames = len(frames.frames)
    elif frames is not None:
        n_frames = len(range(n_frames)[frames.start : frames.stop : frames.step])
    return n_frames, n_frames * int(facts.get("n_atoms") or 0)


def worthwhile_parts(schema: MethodSchema, n_frames: int, seconds: float) -> int:
    """Into how many parts a run is worth being cut that would take so long in one."""
    if schema.split != "frames":
        return 1
    return max(1, min(PARTS_LIMIT, n_frames // 2, int(seconds / PART_S)))


def run_in_parts(
    ask: Ask,
    count: int,
    *,
    new_file: Callable[[], AbstractContextManager[tuple[Path, BinaryIO]]],
    accept: Callable[[Path, RunReport], None],
    limits: RunLimits,
    outcome: BinaryIO,
    on_progress: Callable[[int, int], None],
    cancelled: threading.Event,
) -> RunReport:
    """Run all parts and combine them.

    Parameters
    ----------
    ask
        Runs one child.
    count
        Number of parts.
    new_file
        Makes a file for the outcome of a part.
    accept
        Reads the outcome of a part; raises unless it is what a part has to return.
    limits
        The wall limit is for the whole run, the others are for each child.
    outcome
        Gets the container of the result.
    on_progress
        Called with the frames done and to do in all parts.
    cancelled
        Set it to end the run.

    Raises
    ------
    FomrepoError
        What became of the part that failed first.
    """
    stop = _Stop(cancelled)
    progress = _Sum(count, on_progress)
    failures: list[Exception] = []

    def do(number: int, path: Path, stream: BinaryIO) -> RunReport | None:
        try:
            report = ask(
                part=(number, count),
                limits=limits,
                outcome=stream,
                on_progress=lambda done, total: progress.note(number, done, total),
                cancelled=stop,
            )
            stream.flush()
            accept(path, report)
        except Exception as error:  # whatever it is, the others end, and the caller hears of it
            failures.append(error)
            stop.set()
            return None
        return report

    with ExitStack() as files, ThreadPoolExecutor(count, thread_name_prefix="part-of-run") as threads:
        places = [files.enter_context(new_file()) for _ in range(count)]
        done = list(threads.map(do, range(count), *zip(*places, strict=True)))
        if failures:
            raise failures[0]
        reports = [report for report in done if report is not None]
        taken_s = max(report.wall_s for report in reports)
        last = ask(
            parts=[path.stat().st_size for path, _ in places],
            limits=replace(limits, wall_s=max(limits.wall_s - taken_s, COMBINE_S)),
            outcome=outcome,
            on_progress=None,
            cancelled=cancelled,
            following=(chunk for path, _ in places for chunk in read_chunks(path)),
        )
    wall_s = taken_s + last.wall_s
    limit = last.limit
    if limit is not None and limit.name == "wall":
        limit = LimitHit("wall", limits.wall_s, wall_s, "s")
    return replace(
        last,
        limit=limit,
        wall_s=wall_s,
        cpu_s=last.cpu_s + sum(report.cpu_s for report in reports),
        peak_memory_bytes=max(report.peak_memory_bytes for report in (*reports, last)),
    )


class _Stop(threading.Event):
    """Set with the caller's own event, or before it."""

    def __init__(self, callers: threading.Event) -> None:
        super().__init__()
        self._callers = callers

    def is_set(self) -> bool:
        return super().is_set() or self._callers.is_set()


class _Sum:
    """Adds up the progress of all parts, once each has said how many frames it has."""

    def __init__(self, count: int, on_progress: Callable[[int, int], None]) -> None:
        self._lock = threading.Lock()
        self._said: list[tuple[int, int] | None] = [None] * count
        self._on_progress = on_progress

    def note(self, number: int, done: int, total: int) -> None:
        with self._lock:
            self._said[number] = done, total
            known = [said for said in self._said if said is not None]
            if len(known) == len(self._said):
                self._on_progress(sum(done for done, _ in known), sum(total for _, total in known))
