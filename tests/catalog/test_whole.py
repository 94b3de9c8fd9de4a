"""Many records at once, with all that is known of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import ArgumentError
from fomrepo.model.files import RecordName, RecordState, RecordVersion
from fomrepo.model.people import Principal
from fomrepo.model.whole import WholeRecord
from tests.catalog.examples import named, publish, record, withdraw


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def bob(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("bob")


def one_by_one(catalog: Catalog, name: RecordName, who: Principal) -> tuple[object, ...]:
    """All that the operations of single records say of one."""
    version = catalog.records.find(name, who.id)
    assert version is not None
    gone = version.state is RecordState.WITHDRAWN
    return (
        version,
        () if gone else catalog.metadata.of_version(version.version_id).extracted,
        () if gone else catalog.replicas.of_version(version.version_id),
        () if gone else catalog.quality.of_version(version.version_id),
    )


def told(whole: WholeRecord | None) -> tuple[object, ...]:
    assert whole is not None
    return whole.version, whole.metadata.extracted, whole.replicas, whole.checks


def numbers(whole: WholeRecord | None) -> list[tuple[int, RecordState]]:
    assert whole is not None
    return [(one.number, one.state) for one in whole.versions]


def versioned(version: RecordVersion) -> RecordName:
    return RecordName(version.accession, None, version.number)


def test_it_says_what_single_questions_say(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    first, other = record(catalog, ada), record(catalog, ada, name="other")
    publish(catalog, first)
    second = record(catalog, ada, new_version_of=named(first))
    catalog.metadata.claim(other, ada.id, {"temperature": "300 K"})
    catalog.replicas.place(first.version_id, "site-b")
    publish(catalog, other)
    withdraw(catalog, other)
    names = [named(first), versioned(first), named(other), versioned(second)]
    for who in (ada, bob):
        *seen, newest = catalog.whole.find(names, who.id)
        assert [told(one) for one in seen] == [one_by_one(catalog, name, who) for name in names[:3]]
        assert (newest is None) == (who is bob)
    of_ada, of_bob = (catalog.whole.find([versioned(first)], who.id)[0] for who in (ada, bob))
    assert numbers(of_ada) == [(2, RecordState.PRIVATE), (1, RecordState.PUBLISHED)]
    assert numbers(of_bob) == [(1, RecordState.PUBLISHED)]
    assert of_ada is not None
    assert of_ada.version.superseded_by == second.versioned
    assert of_bob is not None
    assert of_bob.version.superseded_by is None
    catalog.lifecycle.supersede(versioned(first), ada.id, named(second))
    assert told(catalog.whole.find([versioned(first)], bob.id)[0]) == one_by_one(catalog, versioned(first), bob)


def test_what_is_public_is_listed_for_everybody_alike(catalog: Catalog, ada: Principal) -> None:
    made = [record(catalog, ada, name=f"adk-{n}") for n in range(4)]
    for one in made[:3]:
        publish(catalog, one)
    withdraw(catalog, made[1])
    record(catalog, ada, new_version_of=named(made[0]))
    first, after, moment = catalog.whole.public(limit=2)
    rest, end, _ = catalog.whole.public(limit=2, after=after)
    assert [one.version.versioned for one in (*first, *rest)] == [made[n].versioned for n in (2, 1, 0)]
    assert [one.version.state.value for one in (*first, *rest)] == ["published", "withdrawn", "published"]
    assert end is None
    assert numbers(rest[0]) == [(1, RecordState.PUBLISHED)]
    with pytest.raises(ArgumentError):
        catalog.whole.public(limit=0)
    assert catalog.whole.public(limit=9, since=moment)[0] == ()


def test_news_are_what_came_to_be_public_or_went(catalog: Catalog, ada: Principal) -> None:
    old, new, gone = (record(catalog, ada, name=name) for name in ("old", "new", "gone"))
    publish(catalog, old)
    publish(catalog, gone)
    moment = catalog.whole.public(limit=9)[2]
    publish(catalog, new)
    withdraw(catalog, gone)
    news, end, later = catalog.whole.public(limit=1, since=moment)
    more, _, _ = catalog.whole.public(limit=9, since=moment, after=end)
    assert [one.version.versioned for one in (*news, *more)] == [gone.versioned, new.versioned]
    assert later >= moment


def test_ones_own_are_listed_by_deposit(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    first = record(catalog, ada)
    second = record(catalog, ada, new_version_of=named(first))
    publish(catalog, record(catalog, bob, name="of-bob"))
    (one,), after = catalog.whole.own(ada.id, limit=1)
    (other,), end = catalog.whole.own(ada.id, limit=1, after=after)
    assert (one.version.versioned, other.version.versioned, end) == (second.versioned, first.versioned, None)
    assert other.version == replace(first, current=False, superseded_by=second.versioned)
    assert catalog.whole.own(ada.id, limit=9, since=second.created + 1.0)[0] == ()
