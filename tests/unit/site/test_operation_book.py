"""What the catalog is told of operations, whoever else is asked the same, and whatever becomes of a commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.errors import CancelledError
from fomrepo.model.operations import OperationState
from fomrepo.model.people import Principal
from fomrepo.site import operation_book as book_module
from fomrepo.site.ledger import Ledger
from fomrepo.site.operation_book import OperationBook

QUESTION = cast(
    Any, SimpleNamespace(schema=SimpleNamespace(name="rmsd", version="1"), order=SimpleNamespace(idempotency_key="key"))
)


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    monkeypatch.setattr(book_module, "_adoptable", lambda _: b"")
    monkeypatch.setattr(book_module, "_request_digest", lambda _: "digest")
    upgrade_catalog(url := f"sqlite:///{tmp_path}/catalog.db")
    with open_catalog(url) as opened:
        yield opened


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


def book(catalog: Catalog, site: str) -> tuple[OperationBook, Ledger]:
    ledger = Ledger(catalog)
    return OperationBook(
        cast(Any, SimpleNamespace(name=site, catalog=catalog, ledger=ledger)), cast(Any, None), print
    ), ledger


def test_two_sites_that_are_asked_the_same_at_once_both_keep_what_they_have_promised(
    catalog: Catalog, ada: Principal
) -> None:
    named = []
    for site in ("site-a", "site-b"):  # neither has seen the row of the other
        asked, ledger = book(catalog, site)
        live, _ = asked.open(ada, QUESTION)
        ledger.close()
        named.append(live.id)
    assert [one and one.id for one in (catalog.operations.get(each, ada.id) for each in named)] == named


def test_an_end_is_noted_though_nobody_heard_of_the_commit_of_the_beginning(catalog: Catalog, ada: Principal) -> None:
    asked, ledger = book(catalog, "site-a")
    live, _ = asked.open(ada, QUESTION)
    ledger.flush()
    asked.fail(live, CancelledError("it was cancelled"))
    asked._note_opening(ada, QUESTION, live, "key", "digest")  # once more, before its end is written
    ledger.close()
    found = catalog.operations.get(live.id, ada.id)
    assert found is not None
    assert found.state is OperationState.CANCELLED
