"""Admission by fair share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from fomrepo.errors import CancelledError, SiteBusyError, SiteError
from fomrepo.site.load import WAITING_PER_SLOT_AND_USER, Claim, Slots

MIB = 2**20


class Runs:
    """Runs that hold their slot until they are told to end."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.begun: list[str] = []
        self.ends: dict[str, threading.Event] = {}
        self.cancels: dict[str, threading.Event] = {}
        self.threads: list[threading.Thread] = []
        self.errors: dict[str, Exception] = {}

    def ask(self, name: str, user: str, project: str = "p", memory: int = MIB) -> None:
        self.ends[name], self.cancels[name] = threading.Event(), threading.Event()

        def run() -> None:
            try:
                with self.slots.one(Claim(user, project, memory), self.cancels[name]):
                    self.begun.append(name)
                    self.ends[name].wait(10)
            except (CancelledError, SiteBusyError) as error:
                self.errors[name] = error

        before = self.slots.figures()
        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()
        wait_for(lambda: self.slots.figures() != before)

    def end(self, name: str) -> None:
        count = len(self.begun)
        self.ends[name].set()
        wait_for(lambda: len(self.begun) > count or not self.slots.figures().waiting)

    def close(self) -> None:
        for event in self.ends.values():
            event.set()
        for thread in self.threads:
            thread.join(10)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_users_queue_delays_another_by_one_slot() -> None:
    runs = Runs(Slots(1, 64 * MIB))
    try:
        for number in range(10):
            runs.ask(f"alice {number}", "alice")
        runs.ask("bob", "bob")
        runs.end("alice 0")
        assert runs.begun == ["alice 0", "bob"]
        runs.end("bob")
        assert runs.begun == ["alice 0", "bob", "alice 1"]
    finally:
        runs.close()


def test_users_take_turns_on_several_slots() -> None:
    runs = Runs(Slots(2, 64 * MIB))
    try:
        for name in ("alice 0", "alice 1", "alice 2", "bob 0", "bob 1"):
            runs.ask(name, name.split()[0])
        runs.end("alice 0")
        runs.end("alice 1")
        assert runs.begun == ["alice 0", "alice 1", "bob 0", "alice 2"]
    finally:
        runs.close()


def test_among_users_the_project_with_fewer_runs_is_next() -> None:
    runs = Runs(Slots(2, 64 * MIB))
    try:
        runs.ask("a", "alice", "busy")
        runs.ask("b", "bob", "busy")
        runs.ask("c", "carol", "busy")
        runs.ask("d", "dave", "quiet")
        runs.end("a")
        assert runs.begun == ["a", "b", "d"]
    finally:
        runs.close()


def test_memory_is_never_promised_twice() -> None:
    runs = Runs(Slots(4, 10 * MIB))
    try:
        runs.ask("small", "alice", memory=4 * MIB)
        runs.ask("large", "bob", memory=8 * MIB)
        runs.ask("after", "carol", memory=1 * MIB)
        assert runs.begun == ["small"]  # nobody overtakes the large one
        runs.end("small")
        wait_for(lambda: len(runs.begun) == 3)
        assert sorted(runs.begun) == ["after", "large", "small"]  # both fit now, and begin together
    finally:
        runs.close()


def test_what_can_never_run_is_refused_at_once() -> None:
    slot = Slots(1, 10 * MIB).one(Claim("alice", "p", 20 * MIB), threading.Event())
    with pytest.raises(SiteError, match="needs 20 MiB, this site has 10 MiB"), slot:
        pytest.fail("it ran")


def test_a_cancelled_run_leaves_the_line() -> None:
    runs = Runs(Slots(1, 64 * MIB))
    try:
        runs.ask("a", "alice")
        runs.ask("b", "alice")
        runs.cancels["b"].set()
        wait_for(lambda: runs.slots.figures().waiting == 0)
        wait_for(lambda: "b" in runs.errors)
        assert isinstance(runs.errors["b"], CancelledError)
    finally:
        runs.close()


def test_one_user_cannot_fill_the_line() -> None:
    runs = Runs(Slots(1, 1024 * MIB))
    try:
        for number in range(WAITING_PER_SLOT_AND_USER + 1):
            runs.ask(f"alice {number}", "alice")
        slot = runs.slots.one(Claim("alice", "p", MIB), threading.Event())
        with pytest.raises(SiteBusyError) as refused, slot:
            pytest.fail("it ran")
        assert refused.value.facts == {"retry_after_s": "5"}
        runs.ask("bob", "bob")
        assert runs.slots.figures().waiting == WAITING_PER_SLOT_AND_USER + 1
    finally:
        runs.close()
