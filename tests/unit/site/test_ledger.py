"""What becomes of notes while the catalog is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import pytest

from fomrepo.errors import StorageError
from fomrepo.site import ledger as ledger_module
from fomrepo.site.ledger import Ledger

TIMEOUT_S = 10.0


class Away:
    """A catalog that cannot be used until it was looked for some times."""

    def __init__(self, looks: float) -> None:
        self.looks, self.written = looks, list[int]()
        self.looked = threading.Event()

    def use(self) -> None:
        if self.looks > 0:
            raise StorageError("the catalog cannot be used")

    def number(self) -> int:
        self.looks -= 1
        self.looked.set()
        self.use()
        return 1

    def together(self, notes: Sequence[Callable[[], object]]) -> None:
        for note in notes:
            note()

    def write(self, number: int) -> None:
        self.use()
        self.written.append(number)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "AWAY_LOOK_S", 0.001)


def test_notes_are_kept_until_the_catalog_is_back() -> None:
    catalog = Away(looks=3)
    ledger = Ledger(cast(Any, catalog))
    noted = [ledger.note(partial(catalog.write, number)) for number in range(3)]
    for one in noted:
        one.result(TIMEOUT_S)
    ledger.close()
    assert catalog.written == [0, 1, 2]


def test_a_ledger_that_closes_does_not_wait_for_a_catalog_that_is_away() -> None:
    catalog = Away(looks=float("inf"))
    ledger = Ledger(cast(Any, catalog))
    noted = ledger.note(partial(catalog.write, 1))
    assert catalog.looked.wait(TIMEOUT_S)
    ledger.close()
    assert isinstance(noted.exception(TIMEOUT_S), StorageError)


def test_a_note_that_a_catalog_never_takes_is_given_up() -> None:
    catalog = Away(looks=0)
    ledger = Ledger(cast(Any, catalog))
    tried: list[int] = []

    def full() -> None:
        tried.append(1)
        raise StorageError("the disk of the catalog is full")

    noted, next_one = ledger.note(full), ledger.note(partial(catalog.write, 1))
    assert isinstance(noted.exception(TIMEOUT_S), StorageError)
    next_one.result(TIMEOUT_S)
    ledger.close()
    assert (len(tried), catalog.written) == (ledger_module.TRIES + 1, [1])
