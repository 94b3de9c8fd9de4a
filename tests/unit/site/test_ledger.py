"""Results on their way into the catalog: found by whoever looked before they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest

from fomrepo.catalog import Catalog
from fomrepo.model.results import StoredResult
from fomrepo.site import ledger as ledger_module
from fomrepo.site.ledger import Ledger

RESULT = StoredResult("key", "site-a", "blob", 8, 0.1, 0.0, "hot")


class Writes:
    """The catalog's part that a ledger needs."""

    def together(self, operations: Sequence[Callable[[], object]]) -> None:
        for operation in operations:
            operation()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger(cast(Catalog, Writes()))
    yield made
    made.close()


def test_a_result_is_found_before_and_after_it_is_written(ledger: Ledger) -> None:
    seen: list[Any] = []
    ledger.note_result(RESULT, lambda: seen.append(ledger.fresh_result("key")))
    ledger.flush()
    assert seen == [RESULT]
    assert ledger.fresh_result("key") == RESULT, "a snapshot from before has no row of it"


def test_a_written_result_is_forgotten_in_the_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "FOUND_AFTER_S", 0.0)
    ledger.note_result(RESULT, lambda: None)
    ledger.flush()
    assert ledger.fresh_result("key") is None


def test_nothing_is_found_that_was_never_noted(ledger: Ledger) -> None:
    assert ledger.fresh_result("key") is None
