"""What is known of records: facts and claims apart, both found under global names, by those who may see the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from fomrepo.catalog import Catalog
from fomrepo.catalog.metadata import Condition
from fomrepo.catalog.tables import metadata_terms
from fomrepo.errors import ConflictError, NotAllowedError
from fomrepo.model.files import RecordVersion
from fomrepo.model.people import Principal
from tests.catalog.examples import ADK, named, publish, record, withdraw

GROMACS = {"settings": {"ref-t": "300", "tcoupl": "V-rescale"}, "program": {"name": "GROMACS", "version": "2024.4"}}
AMBER = {"settings": {"temp0": "310.0"}, "program": {"name": "AMBER", "version": ""}}
WARM = Condition("target_temperature", 305.0, 320.0)


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def bob(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("bob")


def with_facts(catalog: Catalog, who: Principal, facts: dict[str, Any], **how: Any) -> RecordVersion:
    return record(catalog, who, files=(replace(ADK[0], facts=facts), ADK[1]), **how)


def find(catalog: Catalog, who: Principal, *conditions: Condition) -> list[str]:
    return [one.accession for one in catalog.metadata.find(who.id, conditions, limit=10)]


def test_facts_of_different_programs_are_found_under_one_name(catalog: Catalog, ada: Principal) -> None:
    cold = with_facts(catalog, ada, GROMACS, name="cold")
    warm = with_facts(catalog, ada, AMBER, name="warm")
    assert find(catalog, ada, Condition("target_temperature")) == [warm.accession, cold.accession]
    assert find(catalog, ada, WARM) == [warm.accession]
    assert find(catalog, ada, Condition("target_temperature", highest=305.0)) == [cold.accession]
    assert find(catalog, ada, Condition("thermostat_algorithm", text="bussi")) == [cold.accession]
    assert find(catalog, ada, WARM, Condition("simulation_software_name", text="gromacs")) == []


def test_claims_stand_beside_facts(catalog: Catalog, ada: Principal) -> None:
    version = with_facts(catalog, ada, GROMACS)
    changed = catalog.metadata.claim(version, ada.id, {"temperature": "315 K", "beamline": "I04"})
    assert changed == catalog.metadata.of_version(version.version_id)
    assert [(one.name, one.values) for one in changed.claims] == [
        ("beamline", ("I04",)),
        ("target_temperature", (315,)),
    ]
    assert [one.values for one in changed.extracted if one.name == "target_temperature"] == [(300,)]
    assert [one.claimed.name for one in changed.disagreements] == ["target_temperature"]
    assert find(catalog, ada, WARM) == find(catalog, ada, Condition("beamline", text="i04")) == [version.accession]


def test_a_claim_is_taken_back(catalog: Catalog, ada: Principal) -> None:
    version = with_facts(catalog, ada, {})
    catalog.metadata.claim(version, ada.id, {"temperature": "315 K", "ensemble": "NPT"})
    assert [one.name for one in catalog.metadata.claim(version, ada.id, {"temperature": None}).claims] == [
        "ensemble_type"
    ]
    assert find(catalog, ada, WARM) == []


def test_only_members_say_what_a_record_is_and_only_before_it_is_published(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    version = with_facts(catalog, ada, {})
    with pytest.raises(NotAllowedError, match="only members"):
        catalog.metadata.claim(version, bob.id, {"temperature": "300 K"})
    publish(catalog, version)
    with pytest.raises(ConflictError, match="published"):
        catalog.metadata.claim(version, ada.id, {"temperature": "300 K"})


def test_a_search_finds_what_one_may_see(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    version = with_facts(catalog, ada, AMBER)
    assert find(catalog, bob, WARM) == []
    publish(catalog, version)
    assert find(catalog, bob, WARM) == [version.accession]
    withdraw(catalog, version)
    assert find(catalog, ada, WARM) == []


def test_of_several_versions_the_newest_that_fits_is_found(catalog: Catalog, ada: Principal) -> None:
    first = with_facts(catalog, ada, AMBER)
    second = with_facts(catalog, ada, AMBER, new_version_of=named(first))
    with_facts(catalog, ada, GROMACS, new_version_of=named(first))
    assert [one.version_id for one in catalog.metadata.find(ada.id, [WARM], limit=10)] == [second.version_id]


def test_a_search_has_an_end(catalog: Catalog, ada: Principal) -> None:
    for number in range(3):
        with_facts(catalog, ada, AMBER, name=f"warm-{number}")
    assert len(catalog.metadata.find(ada.id, [WARM], limit=2)) == 2


def test_what_an_older_program_has_indexed_is_indexed_again(catalog: Catalog, ada: Principal) -> None:
    version = with_facts(catalog, ada, AMBER)
    with_facts(catalog, ada, GROMACS, name="cold")
    catalog._database.write(lambda connection: connection.execute(delete(metadata_terms)))
    assert find(catalog, ada, WARM) == []
    assert catalog.metadata.index_again() == 2
    assert find(catalog, ada, WARM) == [version.accession]
