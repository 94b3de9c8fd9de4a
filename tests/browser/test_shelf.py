"""What the pages' index hears of: everything once, and then what came or went."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fomrepo.browser import machines
from fomrepo.browser.catalogue import Wanted
from fomrepo.browser.shelf import Shelf
from tests.browser.conftest import URL, World


def test_news_are_found_and_what_was_withdrawn_is_not(web: TestClient, world: World, tmp_path: Path) -> None:
    file = tmp_path / "news.pdb"
    file.write_text("ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    shelf = Shelf(web.app.state.library.visitor)  # type: ignore[attr-defined] # of the application

    def found() -> list[str]:
        shelf.look()
        return [one.accession for one in shelf.catalogue.find(Wanted(text="breaking")).records]

    with world.federation.connect("alice") as repo:
        record = repo.deposit(file, title="Breaking news", name="breaking-news").accession
        assert found() == []
        before = shelf.catalogue
        assert found() == []
        assert shelf.catalogue is before
        repo.lifecycle.publish(record, licence="MIT")
        assert found() == [record]
        assert shelf.statistics["table"][0]["total"] == len(before.records) + 1
        repo.lifecycle.withdraw(record, "it is no news any more")
        assert found() == []
    assert {one.accession for one in shelf.catalogue.records} == {one.accession for one in before.records}


def test_a_long_sitemap_comes_in_parts(web: TestClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "SITEMAP_LIMIT", 1)
    index = web.get("/sitemap.xml").text
    assert index.count("<sitemap>") >= 2
    assert f"<loc>{URL}/sitemap-0.xml</loc>" in index
    parts = "".join(web.get(f"/sitemap-{part}.xml").text for part in range(index.count("<sitemap>")))
    assert f"<loc>{URL}/records/{world.adk}</loc>" in parts
    assert f"<loc>{URL}/records/{world.hostile}</loc>" in parts
