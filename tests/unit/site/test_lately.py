"""What is on its way into the catalog: found by whoever looked there before it came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from fomrepo.catalog import Catalog
from fomrepo.model.results import StoredResult
from fomrepo.site import lately
from fomrepo.site.lately import Lately
from fomrepo.site.ledger import Ledger

RESULT = StoredResult("key", "site-a", "blob", 8, 0.1, 0.0, "hot")


class Writes:
    """The catalog's part that a ledger needs."""

    def together(self, operations: Sequence[Callable[[], object]]) -> None:
        for operation in operations:
            operation()


def test_a_value_is_found_for_a_moment_after_it_was_written() -> None:
    found: Lately[str, int] = Lately()
    assert found.get("a") is None
    found.put("a", 1)
    found.written("a")
    found.written("b")
    assert (found.get("a"), found.get("b")) == (1, None)


def test_a_written_value_is_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "FOUND_AFTER_S", 0.0)
    found: Lately[str, int] = Lately()
    found.put("a", 1)
    found.put("b", 2)
    found.written("a")
    assert (found.get("a"), found.get("b")) == (None, 2)
    found.written("a")
    assert list(found._entries) == ["b"]


def test_a_result_is_found_before_and_after_it_is_written() -> None:
    ledger = Ledger(cast(Catalog, Writes()))
    seen: list[Any] = []
    ledger.note_result(RESULT, lambda: seen.append(ledger.fresh_result("key")))
    ledger.flush()
    assert seen == [RESULT]
    assert ledger.fresh_result("key") == RESULT, "a snapshot from before has no row of it"
    ledger.close()
