"""Who finds which records."""

from fomrepo.catalog import Catalog
from fomrepo.model.files import RecordName
from tests.catalog.examples import named, publish, record


def test_a_member_finds_a_record_by_each_of_its_names(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    version = record(catalog, ada)
    for name in (version.accession, f"{version.accession}.v1", "/ada/adk"):
        assert catalog.records.find(RecordName.parse(name), ada.id) == version


def test_what_one_may_not_see_looks_like_what_is_not_there(catalog: Catalog) -> None:
    ada, bob = catalog.people.add_principal("ada"), catalog.people.add_principal("bob")
    version = record(catalog, ada)
    for name in (version.accession, f"{version.accession}.v1", "/ada/adk", "FOM-999999999", "/ada/other"):
        assert catalog.records.find(RecordName.parse(name), bob.id) is None
    assert catalog.records.page(bob.id, limit=10) == ((), None)


def test_a_new_member_of_the_project_sees_its_records(catalog: Catalog) -> None:
    ada, bob = catalog.people.add_principal("ada"), catalog.people.add_principal("bob")
    version = record(catalog, ada)
    catalog.people.add_member("ada", "bob")
    assert catalog.records.find(named(version), bob.id) == version


def test_everybody_sees_the_newest_published_version(catalog: Catalog) -> None:
    ada, bob = catalog.people.add_principal("ada"), catalog.people.add_principal("bob")
    first = record(catalog, ada)
    publish(catalog, first)
    second = record(catalog, ada, new_version_of=named(first))
    seen_by_bob, seen_by_ada = (catalog.records.find(named(first), who.id) for who in (bob, ada))
    assert seen_by_bob is not None
    assert (seen_by_bob.version_id, seen_by_bob.current) == (first.version_id, False)
    assert seen_by_ada == second
    for who, number in ((bob, 1), (ada, 2)):
        (listed,), _ = catalog.records.page(who.id, limit=10)
        assert listed.number == number


def test_pages_follow_each_other_newest_first(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    made = [record(catalog, ada, name=f"adk-{n}").accession for n in range(5)]
    pages, after = [], None
    for _ in range(3):
        page, after = catalog.records.page(ada.id, limit=2, after=after)
        pages.append([version.accession for version in page])
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert after is None


def test_a_last_page_that_is_full_has_no_next_one(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    record(catalog, ada)
    page, after = catalog.records.page(ada.id, limit=1)
    assert [version.files for version in page] == [()]
    assert after is None
