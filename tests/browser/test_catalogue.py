"""Words, facets, ranges, orders and pages of published records, without any site."""

from __future__ import annotations

import time

import numpy as np
import pytest
from starlette.datastructures import QueryParams

from fomrepo.browser.asked import address_of, wanted_of
from fomrepo.browser.catalogue import Catalogue, Wanted
from fomrepo.browser.listed import Listed, Trajectory
from fomrepo.browser.statistics import as_csv, statistics_view


def listed(number: int, title: str, *, engine: str = "GROMACS", atoms: int = 1000, words: str = "") -> Listed:
    run = Trajectory(n_frames=100, n_atoms=atoms, n_residues=10, length_ps=1000.0 * number)
    return Listed(
        accession=f"FOM-{100000 + number}",
        versioned=f"FOM-{100000 + number}.v1",
        title=title,
        path=f"/enzymes/record-{number}",
        owner="alice",
        licence="CC0-1.0",
        published=1e9 + number,
        size=10**6,
        n_atoms=atoms,
        trajectories=(run,),
        temperature_k=300.0,
        facets={"engine": (engine,), "site": ("site-a", "site-b") if number % 2 else ("site-a",)},
        words=words,
    )


CATALOGUE = Catalogue(
    [
        listed(1, "Adenylate kinase, closed", atoms=3341),
        listed(2, "Adenylate kinase, open state", engine="NAMD", atoms=47681),
        listed(3, "Villin headpiece in water", words="villin.xtc TIP3P"),
        listed(4, "Water", engine="AMBER", atoms=9000),
    ]
)


def numbers(text: str = "", **wanted: object) -> list[int]:
    """Find records by what they are called here."""
    found = CATALOGUE.find(Wanted(text=text, order="oldest", **wanted))  # type: ignore[arg-type] # as given
    return [int(one.accession[-1]) for one in found.records]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [1, 2, 3, 4]),
        ("adenylate", [1, 2]),
        ("ADENYL", [1, 2]),
        ("adenylate open", [2]),
        ("adenylate AND open", [2]),
        ("villin OR open", [2, 3]),
        ("water NOT villin", [4]),
        ("NOT water", [1, 2]),
        ("NOT NOT water", [3, 4]),
        ("(closed OR open) adenylate", [1, 2]),
        ('"open state"', [2]),
        ('"state open"', []),
        ("tip3p", [3]),
        ("FOM-100003", [3]),
        ("record-4", [4]),
        ("nothing-of-that-name", []),
    ],
)
def test_words_are_joined(text: str, found: list[int]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "(",
        ")",
        "AND",
        "OR OR",
        "NOT",
        "((((",
        '"',
        '""',
        "* - ' ;",
        "a NEAR(b",
        "water)",
        "OR water",
        "(" * 600,
        "{x}:y^2",
    ],
)
def test_no_text_is_an_error(text: str) -> None:
    CATALOGUE.find(Wanted(text=text))


def test_one_value_of_each_facet_is_enough() -> None:
    assert numbers(chosen={"engine": ("NAMD", "AMBER")}) == [2, 4]
    assert numbers(chosen={"engine": ("GROMACS", "NAMD"), "site": ("site-b",)}) == [1, 3]
    assert numbers(chosen={"engine": ("of no record",)}) == []


def test_counts_say_what_would_remain() -> None:
    found = CATALOGUE.find(Wanted(text="adenylate", chosen={"engine": ("NAMD",)}))
    assert found.total == 1
    assert found.counts["engine"] == (("GROMACS", 1), ("NAMD", 1))  # its own choice does not empty the others
    assert found.counts["site"] == (("site-a", 1),)


def test_a_chosen_value_is_shown_also_where_nothing_has_it() -> None:
    found = CATALOGUE.find(Wanted(text="villin", chosen={"engine": ("NAMD",)}))
    assert found.counts["engine"] == (("GROMACS", 1), ("NAMD", 0))


def test_bounds_are_inclusive() -> None:
    assert numbers(ranges={"atoms": (3341.0, 9000.0)}) == [1, 4]
    assert numbers(ranges={"length": (None, 2.0)}) == [1, 2]


def test_orders() -> None:
    by = {name: CATALOGUE.find(Wanted(order=name)).records[0].title for name in ("newest", "title", "atoms", "length")}
    assert by == {
        "newest": "Water",
        "title": "Adenylate kinase, closed",
        "atoms": "Adenylate kinase, open state",
        "length": "Water",
    }


def test_pages_follow_each_other_without_a_gap_and_end() -> None:
    after, seen = "", []
    while True:
        page = CATALOGUE.find(Wanted(after=after, limit=3))
        seen += [one.accession for one in page.records]
        if not page.following:
            break
        after = page.following
    assert seen == ["FOM-100004", "FOM-100003", "FOM-100002", "FOM-100001"]


def test_a_page_begins_behind_a_record_that_is_no_longer_among_them() -> None:
    page = CATALOGUE.find(Wanted(text="adenylate", after="FOM-100003"))
    assert [one.accession for one in page.records] == ["FOM-100002", "FOM-100001"]


def test_news_share_the_index_of_words() -> None:
    news = [listed(2, "Adenylate kinase, wide open", engine="OpenMM"), listed(5, "Ubiquitin", words="ubq.xtc")]
    later = CATALOGUE.changed(news, {"FOM-100003"})

    def titles(catalogue: Catalogue, text: str) -> list[str]:
        return [one.title for one in catalogue.find(Wanted(text=text, order="oldest")).records]

    assert titles(later, "") == ["Adenylate kinase, closed", "Adenylate kinase, wide open", "Water", "Ubiquitin"]
    assert titles(later, "open OR ubq") == ["Adenylate kinase, wide open", "Ubiquitin"]
    assert titles(later, "NOT kinase") == ["Water", "Ubiquitin"]
    assert dict(later.find(Wanted()).counts["engine"]) == {"AMBER": 1, "GROMACS": 2, "OpenMM": 1}
    assert titles(CATALOGUE, "open OR ubq OR villin") == ["Adenylate kinase, open state", "Villin headpiece in water"]


def test_the_address_is_the_search() -> None:
    wanted = wanted_of(QueryParams("q=adk+x&engine=GROMACS&engine=NAMD&atoms_min=10&sort=title&nonsense=1&limit=7"))
    assert wanted == Wanted(
        text="adk x",
        chosen={"engine": ("GROMACS", "NAMD")},
        ranges={"atoms": (10.0, None)},
        order="title",
        limit=7,
    )
    address = address_of(wanted)
    assert wanted_of(QueryParams(address.partition("?")[2])) == wanted
    assert "NAMD" not in address_of(wanted, toggle=("engine", "NAMD"))
    assert "AMBER" in address_of(wanted, toggle=("engine", "AMBER"))


@pytest.mark.parametrize("query", ["atoms_min=x", "atoms_min=nan", "atoms_min=1e999", "limit=²", "limit=-1", "sort=zz"])
def test_what_means_nothing_in_an_address_is_left_out(query: str) -> None:
    wanted = wanted_of(QueryParams(query))
    assert (wanted.ranges, wanted.order, wanted.limit) == ({}, "newest", 20)


def test_statistics_have_totals_averages_and_medians() -> None:
    view = statistics_view(CATALOGUE.records)
    rows = {row["quantity"]: row for row in view["table"]}
    assert rows["Simulated time"] == {
        "quantity": "Simulated time", "total": 10.0, "average": 2.5, "median": 2.5, "unit": "ns",
    }  # fmt: skip
    assert rows["Records"]["total"] == 4
    assert rows["Atoms"]["median"] == np.median([3341, 47681, 1000, 9000])
    assert view["categories"]["Program"] == [("GROMACS", 2), ("NAMD", 1), ("AMBER", 1)]


def test_csv_holds_no_formula() -> None:
    view = statistics_view([listed(1, "x", engine='=HYPERLINK("http://x")')])
    assert "\"'=HYPERLINK" in as_csv(view)


def test_many_records_are_searched_in_time() -> None:
    rng = np.random.default_rng(7)
    engines = np.array(["GROMACS", "NAMD", "AMBER"])[rng.integers(0, 3, 20_000)]
    large = Catalogue([listed(n, f"Protein {n % 97} in water", engine=str(engines[n])) for n in range(20_000)])
    begun = time.process_time()
    for _ in range(5):
        large.find(Wanted(text="protein NOT 13", chosen={"engine": ("NAMD",)}))
    assert (time.process_time() - begun) / 5 < 0.2  # s
