"""A run that is cut: when it is, how its parts are put together, and what becomes of those that fail."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from fomrepo.errors import CancelledError, LimitHit, MethodFailedError
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import RunReport
from fomrepo.model.operations import FrameRange
from fomrepo.site.load import Claim, Slots
from fomrepo.site.parts_of_run import PART_S, PARTS_LIMIT, Paces, run_in_parts, run_size, worthwhile_parts

LIMITS = RunLimits(wall_s=10.0)
WELL = RunReport("outcome", 0, None, None, 2.0, 1.5, 100, 4, "", "well")


class Children:
    """Stands in for a holder: each part answers its number, the last one what it hears."""

    def __init__(self, *fail: int, last: RunReport = WELL) -> None:
        self.fail, self.last = fail, last
        self.limits: list[RunLimits] = []
        self.ended: list[str] = []

    def __call__(
        self,
        *,
        part: tuple[int, int] | None = None,
        parts: Sequence[int] = (),
        limits: RunLimits,
        outcome: BinaryIO,
        on_progress: Any = None,
        cancelled: threading.Event,
        following: Iterator[bytes] | None = None,
    ) -> RunReport:
        self.limits.append(limits)
        if part is None:
            heard = b"".join(following or ())
            outcome.write(heard)
            assert sum(parts) == len(heard)
            return self.last
        on_progress(0, 10)
        if part[0] not in self.fail and self.fail:
            while not cancelled.wait(0.01) and not cancelled.is_set():
                pass
            self.ended.append("cancelled")
            return replace(WELL, ended="cancelled")
        outcome.write(b"part %d;" % part[0])
        on_progress(10, 10)
        return WELL


@contextmanager
def new_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    path = folder / f"{time.monotonic_ns()}-{threading.get_ident()}"
    try:
        with path.open("w+b") as stream:
            yield path, stream
    finally:
        path.unlink()


def run(
    children: Children, folder: Path, *, count: int = 3, cancelled: threading.Event | None = None
) -> tuple[RunReport, bytes, list[tuple[int, int]]]:
    outcome, seen = io.BytesIO(), list[tuple[int, int]]()

    def accept(path: Path, report: RunReport) -> None:
        if report.ended == "cancelled":
            raise CancelledError("it was")
        if (number := int(path.read_bytes()[5:6])) in children.fail:
            raise MethodFailedError(f"part {number} fails")

    report = run_in_parts(
        children,
        count,
        new_file=lambda: new_file(folder),
        accept=accept,
        limits=LIMITS,
        outcome=outcome,
        on_progress=lambda done, total: seen.append((done, total)),
        cancelled=cancelled or threading.Event(),
    )
    return report, outcome.getvalue(), seen


def test_parts_are_combined_in_the_order_of_their_frames(tmp_path: Path) -> None:
    children = Children()
    report, outcome, seen = run(children, tmp_path)
    assert outcome == b"part 0;part 1;part 2;"
    assert seen[-1] == (30, 30)
    assert all(total == 30 for _, total in seen)
    assert (report.wall_s, report.cpu_s, report.ended) == (4.0, 6.0, "outcome")
    assert [each.wall_s for each in children.limits] == [10.0, 10.0, 10.0, 8.0]
    assert list(tmp_path.iterdir()) == []


def test_the_part_that_fails_first_is_what_the_caller_hears(tmp_path: Path) -> None:
    children = Children(1)
    with pytest.raises(MethodFailedError, match="part 1 fails"):
        run(children, tmp_path)
    assert children.ended == ["cancelled"] * 2
    assert len(children.limits) == 3, "nothing was combined"
    assert list(tmp_path.iterdir()) == []


def test_a_caller_who_cancels_ends_all_parts(tmp_path: Path) -> None:
    cancelled, children = threading.Event(), Children(7)
    threading.Timer(0.1, cancelled.set).start()
    with pytest.raises(CancelledError):
        run(children, tmp_path, cancelled=cancelled)
    assert children.ended == ["cancelled"] * 3


def test_a_wall_limit_while_combining_is_that_of_the_whole_run(tmp_path: Path) -> None:
    last = replace(WELL, ended="limit", limit=LimitHit("wall", 8.0, 8.1, "s"), wall_s=8.1)
    report, _, _ = run(Children(last=last), tmp_path)
    assert report.limit == LimitHit("wall", 10.0, pytest.approx(10.1), "s")


# --- when ------------------------------------------------------------------------------------------------------------


def schema(split: str) -> Any:
    return SimpleNamespace(split=split)


@pytest.mark.parametrize(
    ("split", "n_frames", "seconds", "parts"),
    [
        ("", 10_000, 100.0, 1),
        ("frames", 10_000, PART_S * 1.9, 1),
        ("frames", 10_000, PART_S * 2.1, 2),
        ("frames", 10_000, 100.0, PARTS_LIMIT),
        ("frames", 5, 100.0, 2),
        ("frames", 1, 100.0, 1),
        ("frames", 0, 0.0, 1),
    ],
)
def test_short_runs_are_not_cut(split: str, n_frames: int, seconds: float, parts: int) -> None:
    assert worthwhile_parts(schema(split), n_frames, seconds) == parts


@pytest.mark.parametrize(
    ("frames", "n_frames"),
    [
        (None, 98),
        (FrameRange(), 98),
        (FrameRange(step=-2), 49),
        (FrameRange(start=90, stop=200), 8),
        (FrameRange(frames=(1, 1, 2)), 3),
    ],
)
def test_the_size_of_a_run_is_that_of_the_frames_asked_for(frames: FrameRange | None, n_frames: int) -> None:
    facts = {"n_frames": 98, "n_atoms": 10}
    call: Any = SimpleNamespace(inputs=[SimpleNamespace(file=SimpleNamespace(facts=facts))])
    assert run_size(call, frames) == (n_frames, 10 * n_frames)


def test_a_site_learns_from_runs_that_say_something() -> None:
    paces = Paces()
    usual = paces.of("rmsd")
    paces.learn("rmsd", PART_S / 2, 10)
    assert paces.of("rmsd") == usual, "too short: most of it was not the method's"
    paces.learn("rmsd", 10.0, 1000)
    assert paces.of("rmsd") == 0.01
    paces.learn("rmsd", PART_S / 10, 1000)
    assert paces.of("rmsd") == PART_S / 10 / 1000, "it was thought to take longer"
    assert paces.of("rmsf") == usual


# --- slots -----------------------------------------------------------------------------------------------------------

MIB = 2**20
NEVER = threading.Event()


def test_further_slots_are_those_that_are_free() -> None:
    slots, claim = Slots(3, 100 * MIB), Claim("ann", "p", MIB)
    with slots.one(claim, NEVER):
        with slots.more(claim, 5) as more:
            assert (more, slots.figures().running) == (2, 3)
            with slots.more(claim, 1) as none:
                assert none == 0
        assert slots.figures().running == 1
        with slots.more(claim, 0) as none:
            assert none == 0


def test_further_slots_need_memory() -> None:
    slots, claim = Slots(8, 3 * MIB), Claim("ann", "p", MIB)
    with slots.one(claim, NEVER), slots.more(claim, 7) as more:
        assert more == 2


def test_nothing_is_taken_while_somebody_waits() -> None:
    slots, small, large = Slots(3, 4 * MIB), Claim("ann", "p", MIB), Claim("bob", "p", 4 * MIB)
    with slots.one(small, NEVER):
        waiting = threading.Thread(target=lambda: slots.one(large, NEVER).__enter__())
        waiting.start()
        while not slots.figures().waiting:
            time.sleep(0.001)
        with slots.more(small, 2) as more:
            assert more == 0
    waiting.join(5)
    assert not waiting.is_alive()
