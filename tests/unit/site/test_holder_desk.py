"""Of what a site makes a holder, and whether its memory is kept to."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.site import holders as holders_module
from fomrepo.site.holders import COPIES_BYTES, HOLDER_BASE_BYTES, OFFSET_BYTES, POSITION_BYTES, HolderDesk

NOWHERE = Path("/nowhere")
ENVIRONMENT = GuestEnvironment("mdanalysis", "00", NOWHERE, (), (), NOWHERE)
SCHEMA = cast(Any, SimpleNamespace(limits=SimpleNamespace(memory_mib=64, wall_s=1.0), family=lambda *_: "trajectory"))
NEVER = threading.Event()
ATOMS, FRAMES, SIZE = 10, 100, 1000
ONE_FILE_BYTES = ATOMS * FRAMES * POSITION_BYTES
COPY_BYTES = 2 * SIZE + FRAMES * OFFSET_BYTES


class FakeWarden:
    """Says of each holder which spare it was, and which order it got."""

    def __init__(self) -> None:
        self.held: list[tuple[Any, Any]] = []
        self.spare_fails = False

    def hold(self, order: Any, *, spare: Any = None, cancelled: threading.Event) -> Any:
        if spare is not None and self.spare_fails:
            raise SandboxUnavailableError("it has ended")
        self.held.append((order, spare))
        return SimpleNamespace(alive=True, close=lambda: None)


class FakeSpares:
    """Has one spare."""

    def __init__(self, *_: Any, **more: Any) -> None:
        self.may_begin = more["may_begin"]
        self.left = 1
        self.expected: list[GuestEnvironment] = []

    def expect(self, environment: GuestEnvironment) -> None:
        self.expected.append(environment)

    def count(self) -> int:
        return self.left

    def take(self, environment: GuestEnvironment) -> Any:
        taken, self.left = self.left, 0
        return SimpleNamespace(close=lambda: None) if taken else None

    def give_up(self) -> bool:
        given, self.left = self.left, 0
        return bool(given)

    def close(self) -> None:
        self.left = 0


class Desk:
    def __init__(self, budget_bytes: int, *, rests: bool = True) -> None:
        self.warden = FakeWarden()
        self.desk = HolderDesk(cast(Any, self.warden), cast(Any, None), budget_bytes=budget_bytes, rests=lambda: rests)
        self.spares = cast(FakeSpares, cast(Any, self.desk)._spares)

    def call(self, digest: str, *, file_type: str = "XTC", size: int = SIZE) -> tuple[Any, Any] | None:
        """Call a method on a file; returns order and spare of the holder that was made, if one was."""
        before = len(self.warden.held)
        self.holder(digest, file_type=file_type, size=size)
        return self.warden.held[-1] if len(self.warden.held) > before else None

    def holder(
        self, digest: str, *, file_type: str = "XTC", size: int = SIZE, cancelled: threading.Event = NEVER
    ) -> Any:
        """Call a method on a file; returns what served it, if that was a holder."""
        facts = {"n_atoms": ATOMS, "n_frames": FRAMES}
        file = _file(digest, file_type, size, facts)
        one = SimpleNamespace(file=file, topology=_file(f"{digest}-psf", "PSF", SIZE, {"n_atoms": ATOMS}))
        call = cast(Any, SimpleNamespace(inputs=(one,), scope="public", objects=(digest,)))
        with self.desk.holding(SCHEMA, call, ENVIRONMENT, cancelled) as holder:
            return holder


def _file(digest: str, file_type: str, size: int, facts: dict[str, int]) -> Any:
    return SimpleNamespace(
        name=digest, file_type=file_type, digest=digest, offsets_digest=None, size=size, facts=facts, families=()
    )


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders_module, "Spares", FakeSpares)
    monkeypatch.setattr(holders_module, "hold_request", lambda *_, **__: (b"{}", ()))


def test_a_spare_becomes_the_first_holder_and_its_copies_count() -> None:
    site = Desk(4 * HOLDER_BASE_BYTES)
    assert site.desk.figures() == (0, HOLDER_BASE_BYTES)
    (first, spare), (second, none) = site.call("a"), site.call("b")
    assert spare is not None
    assert none is None
    allowed = HOLDER_BASE_BYTES + ONE_FILE_BYTES + holders_module.CHILD_LIMITS.memory_bytes
    assert (first.holder_memory_bytes, second.holder_memory_bytes) == (allowed + COPY_BYTES, allowed)
    assert site.desk.figures() == (2, 2 * (HOLDER_BASE_BYTES + ONE_FILE_BYTES) + COPY_BYTES)
    assert site.spares.expected == [ENVIRONMENT, ENVIRONMENT]
    assert site.call("a") is None, "it is held already"


@pytest.mark.parametrize("more", [{"file_type": "H5MD"}, {"size": COPIES_BYTES}])
def test_files_that_no_spare_can_have_get_a_sandbox_of_their_own(more: dict[str, Any]) -> None:
    site = Desk(4 * HOLDER_BASE_BYTES)
    made = site.call("a", **more)
    assert made is not None
    assert made[1] is None
    assert site.spares.left == 1


def test_a_spare_that_fails_is_replaced_at_once() -> None:
    site = Desk(4 * HOLDER_BASE_BYTES)
    site.warden.spare_fails = True
    made = site.call("a")
    assert made is not None
    assert made[1] is None


def test_a_spare_is_given_up_before_a_holder_is_evicted() -> None:
    site = Desk(int(2.5 * HOLDER_BASE_BYTES))
    site.call("a")
    site.spares.left = 1
    assert site.call("b", file_type="H5MD") is not None
    assert (site.desk.figures()[0], site.spares.left) == (2, 0)
    assert site.call("c") is not None
    assert site.desk.figures()[0] == 2, "one of them was evicted"


@pytest.mark.parametrize("rests", [True, False])
def test_a_spare_is_made_at_rest(rests: bool) -> None:
    assert Desk(2 * HOLDER_BASE_BYTES, rests=rests).spares.may_begin() is rests


@pytest.mark.parametrize(("rested_s", "left"), [(0.0, 0), (60.0, 1)])
def test_a_holder_makes_room_for_a_spare_once_it_has_rested(
    monkeypatch: pytest.MonkeyPatch, rested_s: float, left: int
) -> None:
    monkeypatch.setattr(holders_module, "RESTED_S", rested_s)
    site = Desk(2 * HOLDER_BASE_BYTES)
    site.call("a")
    assert site.spares.may_begin() is not bool(left)
    assert site.desk.figures()[0] == left


def test_where_there_is_no_room_for_a_spare_beside_a_holder_none_is_made() -> None:
    assert Desk(2 * HOLDER_BASE_BYTES - 1).desk.figures() == (0, 0)


def test_no_room_for_a_holder_ends_the_spare_that_it_would_have_been(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Desk(2 * HOLDER_BASE_BYTES)
    monkeypatch.setattr(holders_module, "HOLDER_BASE_BYTES", 3 * HOLDER_BASE_BYTES)
    assert site.call("a") is None
    assert site.desk.figures() == (0, 0)


def test_where_the_copies_do_not_fit_the_files_are_bound() -> None:
    site = Desk(2 * HOLDER_BASE_BYTES)
    made = site.call("a", size=COPIES_BYTES - 2 * SIZE)
    assert made is not None
    assert made[1] is None
    assert site.desk.figures() == (1, HOLDER_BASE_BYTES + ONE_FILE_BYTES)


def test_a_holder_whose_files_changed_while_it_was_made_is_ended_and_serves_nobody() -> None:
    site, ended = Desk(4 * HOLDER_BASE_BYTES), threading.Event()

    def hold(order: Any, **_: Any) -> Any:
        site.desk.forget("a")
        return SimpleNamespace(alive=True, close=ended.set)

    site.warden.hold = hold  # type: ignore[method-assign]  # a warden of this test
    assert site.holder("a") is None
    assert ended.wait(10.0)
    assert site.desk.figures()[0] == 0


def test_who_gives_up_while_a_holder_is_made_says_nothing_about_its_files() -> None:
    site, gives_up = Desk(4 * HOLDER_BASE_BYTES), threading.Event()

    def hold(order: Any, **_: Any) -> Any:
        gives_up.set()
        raise SandboxUnavailableError("cancelled")

    made, site.warden.hold = site.warden.hold, hold  # type: ignore[method-assign]  # a warden of this test
    assert site.holder("a", cancelled=gives_up) is None
    site.warden.hold = made  # type: ignore[method-assign]  # a warden of this test
    assert site.holder("a") is not None


def test_who_waits_for_a_holder_that_another_makes_may_give_up() -> None:
    site, begun, go_on = Desk(4 * HOLDER_BASE_BYTES), threading.Event(), threading.Event()
    made = site.warden.hold

    def hold(order: Any, **more: Any) -> Any:
        begun.set()
        go_on.wait(10.0)
        return made(order, **more)

    site.warden.hold = hold  # type: ignore[method-assign]  # a warden of this test
    maker = threading.Thread(target=site.holder, args=("a",))
    maker.start()
    assert begun.wait(10.0)
    gives_up = threading.Event()
    gives_up.set()
    assert site.holder("a", cancelled=gives_up) is None
    go_on.set()
    maker.join()
    assert site.holder("a") is not None


def test_a_spare_of_which_no_holder_comes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    site, ended = Desk(4 * HOLDER_BASE_BYTES), threading.Event()
    monkeypatch.setattr(site.spares, "take", lambda _: SimpleNamespace(close=ended.set))
    monkeypatch.setattr(holders_module, "hold_request", lambda *_, **__: [][0])
    with pytest.raises(IndexError):
        site.call("a")
    assert ended.wait(10.0)
    assert site.desk.figures()[0] == 0
