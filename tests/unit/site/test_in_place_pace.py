"""A reading beside a probe: neither far ahead of it, nor kept waiting by one that says nothing."""

from __future__ import annotations

import threading

import pytest

from fomrepo.site import in_place_pace
from fomrepo.site.in_place_pace import AHEAD_BYTES, LEAVE_BYTES, Pace


def reading(pace: Pace, done: int) -> threading.Thread:
    """Return what ends when so many bytes are not too many any more."""
    thread = threading.Thread(target=pace.keep, args=(done,), daemon=True)
    thread.start()
    return thread


def test_a_reading_waits_for_the_probe_and_goes_on_with_it() -> None:
    pace = Pace()
    pace.keep(AHEAD_BYTES)
    waiting = reading(pace, AHEAD_BYTES + 5)
    pace.hear(4, 10 * AHEAD_BYTES)
    waiting.join(0.05)
    assert waiting.is_alive()
    pace.hear(5, 10 * AHEAD_BYTES)
    waiting.join(10)
    assert not waiting.is_alive()


def test_nobody_waits_for_a_probe_that_ended_or_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    waiting = reading(pace, 2 * AHEAD_BYTES)
    pace.end()
    waiting.join(10)
    assert not waiting.is_alive()
    monkeypatch.setattr(in_place_pace, "SILENCE_S", 0.01)
    Pace().keep(2 * AHEAD_BYTES)


def test_leave_follows_the_reading_and_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_place_pace, "LOOK_S", 0.01)
    pace = Pace()
    leave = pace.leave()
    assert next(leave) == b""
    pace.keep(LEAVE_BYTES - 1)
    assert next(leave) == b""
    pace.keep(3 * LEAVE_BYTES + 5)
    assert len(next(leave)) == 3
    assert next(leave) == b""
    pace.keep(4 * LEAVE_BYTES)
    assert len(next(leave)) == 1
    pace.end_reading()
    assert list(leave) == []
