"""When a site has spare sandboxes, and what becomes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import HoldOrder
from fomrepo.isolation.spare import Spare
from fomrepo.isolation.warden import Warden
from fomrepo.site import spares as spares_module
from fomrepo.site.spares import Spares

NOWHERE = Path("/nowhere")
ENVIRONMENT = GuestEnvironment("mdanalysis", "00", NOWHERE, (), (), NOWHERE)
TIMEOUT_S = 10.0


class FakeSpare:
    def __init__(self) -> None:
        self.alive, self.closed = True, threading.Event()

    def close(self) -> None:
        self.closed.set()


class FakeWarden:
    def __init__(self) -> None:
        self.made: list[FakeSpare] = []
        self.orders: list[HoldOrder] = []
        self.fails: Exception | None = None

    def spare(self, order: HoldOrder) -> Spare:
        self.orders.append(order)
        if self.fails is not None:
            raise self.fails
        self.made.append(FakeSpare())
        return cast(Spare, self.made[-1])


class Site:
    def __init__(self) -> None:
        self.warden, self.lock, self.rests = FakeWarden(), threading.Lock(), True
        self.asked = threading.Semaphore(0)
        self.spares = Spares(
            cast(Warden, self.warden),
            self.lock,
            limits=RunLimits(),
            holder_memory_bytes=3 << 30,
            room_bytes=1 << 20,
            may_begin=self._may_begin,
        )

    def _may_begin(self) -> bool:
        self.asked.release()
        return self.rests

    def wait(self, until: Callable[[], Any]) -> None:
        waited = threading.Event()
        for _ in range(int(TIMEOUT_S / 0.005)):
            with self.lock:
                if until():
                    return
            waited.wait(0.005)
        raise AssertionError("it did not come to that")

    def take(self) -> Any:
        with self.lock:
            return self.spares.take(ENVIRONMENT)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(spares_module, "REST_S", 0.0)
    monkeypatch.setattr(spares_module, "LOOK_S", 0.001)
    made = Site()
    yield made
    made.spares.close()
    assert all(each.closed.is_set() or not each.alive for each in made.warden.made)


def taken_when_there(site: Site) -> FakeSpare:
    found: list[FakeSpare | None] = [None]

    def take() -> bool:
        found[0] = cast("FakeSpare | None", site.spares.take(ENVIRONMENT))
        return found[0] is not None

    site.wait(take)
    assert found[0] is not None
    found[0].alive = False  # it is the taker's now
    return found[0]


def test_one_is_made_for_an_environment_and_another_when_it_was_used(site: Site) -> None:
    assert site.take() is None
    site.spares.expect(ENVIRONMENT)
    site.spares.expect(ENVIRONMENT)
    first, second = taken_when_there(site), taken_when_there(site)
    assert first is not second
    order = site.warden.orders[0]
    assert (order.inputs, order.room_bytes, order.holder_memory_bytes) == ((), 1 << 20, 3 << 30)


def test_none_is_made_while_the_site_has_something_else_to_do(site: Site) -> None:
    site.rests = False
    site.spares.expect(ENVIRONMENT)
    for _ in range(3):
        assert site.asked.acquire(timeout=TIMEOUT_S)
    assert (site.warden.orders, site.spares.count()) == ([], 0)
    site.rests = True
    site.wait(lambda: site.spares.count() == 1)


def test_one_that_has_ended_is_not_given_away(site: Site) -> None:
    site.spares.expect(ENVIRONMENT)
    site.wait(lambda: site.warden.made)
    ended = site.warden.made[0]
    ended.alive = False
    site.wait(lambda: site.spares.take(ENVIRONMENT) is not ended and ended.closed.is_set())


def test_one_is_given_up_for_memory(site: Site) -> None:
    site.spares.expect(ENVIRONMENT)
    site.wait(lambda: site.spares.count() == 1 and site.spares.give_up())
    assert site.warden.made[0].closed.wait(TIMEOUT_S)


@pytest.mark.parametrize("fault", [SandboxUnavailableError("no more processes"), OSError(24, "no more descriptors")])
def test_after_a_failure_none_is_made_for_a_while(site: Site, fault: Exception) -> None:
    site.warden.fails = fault
    site.spares.expect(ENVIRONMENT)
    site.wait(lambda: site.warden.orders and site.spares.count() == 0)
    site.warden.fails = None
    assert site.take() is None
    assert len(site.warden.orders) == 1
