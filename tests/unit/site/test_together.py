"""Frames on their way to several methods, and who waits for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fomrepo.errors import CancelledError, SandboxUnavailableError
from fomrepo.isolation.limits import RunLimits
from fomrepo.site import frame_feed, together
from fomrepo.site.frame_feed import Feed, Tee
from fomrepo.site.load import Claim, Slots
from fomrepo.site.together import Together

MIB = 2**20
CLAIM = Claim("ann", "p", MIB)
NEVER = threading.Event()


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less long than a site does."""
    monkeypatch.setattr(frame_feed, "PATIENCE_S", 0.2)
    monkeypatch.setattr(frame_feed, "SILENCE_S", 1.5)
    monkeypatch.setattr(together, "GATHER_S", 0.3)


class Decoder:
    """Stands in for a holder: sends chunks, then ends as it is told."""

    def __init__(self, chunks: list[bytes], error: Exception | None = None) -> None:
        self.chunks, self.error, self.asked = chunks, error, 0

    def run(self, request: bytes, *, limits: RunLimits, outcome: Any, cancelled: threading.Event) -> Any:
        self.asked += 1
        for chunk in self.chunks:
            if cancelled.is_set():
                raise CancelledError("nobody listens")
            outcome.write(chunk)
        if self.error is not None:
            raise self.error
        return type("Report", (), {"ended": "outcome", "outcome_bytes": 0})


def at_once(*work: Callable[[], object]) -> list[Any]:
    """Do things in threads; what they gave."""
    given: list[Any] = [None] * len(work)

    def do(place: int) -> None:
        given[place] = work[place]()

    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    return given


def member(calls: Together, decoder: Decoder, take: Callable[[Feed], object]) -> Callable[[], object]:
    """One of the calls: what it takes of the frames; None if it got none."""
    seat = calls.seat()

    def run() -> object:
        with seat, seat.frames(decoder, b"", RunLimits(), NEVER) as feed:  # type: ignore[arg-type] # stands in for one
            return None if feed is None else take(feed)

    return run


def everything(feed: Feed) -> bytes:
    return b"".join(feed)


def test_all_get_all() -> None:
    calls, decoder = Together(3), Decoder([bytes([number]) * 1000 for number in range(200)])
    assert at_once(*[member(calls, decoder, everything) for _ in "abc"]) == [b"".join(decoder.chunks)] * 3
    assert decoder.asked == 1


def test_one_that_leaves_is_not_waited_for() -> None:
    calls, decoder = Together(3), Decoder([b"frames"])
    left, began = calls.seat(), time.monotonic()
    with left:
        pass
    assert at_once(*[member(calls, decoder, everything) for _ in "ab"]) == [b"frames"] * 2
    assert time.monotonic() - began < 0.25


def test_one_that_does_not_come_is_not_waited_for_long() -> None:
    calls, decoder = Together(3), Decoder([b"frames"])
    assert at_once(*[member(calls, decoder, everything) for _ in "ab"]) == [b"frames"] * 2
    late = member(calls, decoder, everything)
    assert late() is None, "it reads the frames itself"


def test_who_is_alone_gets_no_frames() -> None:
    calls, decoder = Together(2), Decoder([b"frames"])
    calls.seat().leave()
    assert member(calls, decoder, everything)() is None
    assert decoder.asked == 0


def test_a_slow_one_is_left_behind_with_what_it_has() -> None:
    calls, decoder = Together(2), Decoder([b"x" * 10] * 400)

    def slowly(feed: Feed) -> int:
        chunks = iter(feed)
        first = len(next(chunks))
        time.sleep(1.0)
        return first + sum(map(len, chunks))

    began = time.monotonic()
    quick, slow = at_once(member(calls, decoder, everything), member(calls, decoder, slowly))
    assert len(quick) == 4000
    assert 10 <= slow < 4000
    assert time.monotonic() - began < 2.0


def test_when_all_have_gone_decoding_ends() -> None:
    calls, decoder = Together(2), Decoder([b"x"] * 100_000)
    at_once(*[member(calls, decoder, lambda feed: next(iter(feed))) for _ in "ab"])
    calls._decoder.join(5)
    assert not calls._decoder.is_alive()


@pytest.mark.parametrize("error", [SandboxUnavailableError("gone"), CancelledError("gone"), RuntimeError("a slip")])
def test_if_decoding_fails_all_read_on_by_themselves(error: Exception) -> None:
    calls, decoder = Together(2), Decoder([b"a few"], error)
    assert at_once(*[member(calls, decoder, everything) for _ in "ab"]) == [b"a few"] * 2


def test_silence_ends_what_is_waited_for() -> None:
    feed = Feed()
    assert b"".join(feed) == b""


def test_a_tee_is_deserted_when_all_have_closed() -> None:
    feeds = (Feed(), Feed())
    tee = Tee(feeds)
    feeds[0].close()
    assert not tee.deserted.is_set()
    feeds[1].close()
    assert tee.deserted.is_set()
    tee.write(b"to nobody")


# --- their slot -------------------------------------------------------------------------------------------------------


def test_all_share_one_slot_and_the_last_gives_it_back() -> None:
    slots, calls = Slots(1, 10 * MIB), Together(2)
    one, other = calls.seat(), calls.seat()
    with one.slot(slots, CLAIM, NEVER):
        with other.slot(slots, CLAIM, NEVER):
            assert slots.figures().running == 1
        assert slots.figures().running == 1
    assert slots.figures().running == 0


def test_one_that_was_cancelled_in_the_line_leaves_it_to_the_next() -> None:
    slots, calls, cancelled = Slots(1, 10 * MIB), Together(2), threading.Event()
    one, other = calls.seat(), calls.seat()

    def wait(seat: Any, event: threading.Event) -> str:
        try:
            with seat.slot(slots, CLAIM, event):
                return "in"
        except CancelledError:
            return "cancelled"

    def free() -> Iterator[None]:
        with slots.one(CLAIM, NEVER):
            yield

    busy = free()
    next(busy)
    threading.Timer(0.2, cancelled.set).start()
    threading.Timer(0.5, lambda: next(busy, None)).start()
    assert at_once(lambda: wait(one, cancelled), lambda: wait(other, NEVER)) == ["cancelled", "in"]
    assert slots.figures().running == 0


def test_they_need_memory_for_all_and_for_the_one_that_decodes() -> None:
    seat = Together(3).seat()
    assert seat.fits(Slots(1, 4 * MIB), CLAIM)
    assert not seat.fits(Slots(1, 4 * MIB - 1), CLAIM)


def test_the_site_is_chosen_once() -> None:
    calls = Together(2)
    chosen = iter(["site-a", "site-b"])
    assert [calls.seat().same_site(lambda: next(chosen)) for _ in "ab"] == ["site-a"] * 2
