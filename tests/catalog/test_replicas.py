"""Copies of files at sites."""

import pytest

from fomrepo.catalog import Catalog
from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint
from tests.catalog.examples import DCD, FINGERPRINT, OFFSETS, PSF, record

NOWHERE = StatFingerprint(0, 0, 0, 0, 0)


def test_a_copy_is_good_only_when_it_is_finished(catalog: Catalog) -> None:
    catalog.replicas.begin("site-b", PSF)
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, ReplicaState.INTERMEDIATE, 0, NOWHERE)
    assert catalog.replicas.good([PSF]) == {}
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, ReplicaState.GOOD, 1, FINGERPRINT)
    assert catalog.replicas.good([PSF]) == {"site-b": (PSF,)}


def test_a_good_replica_is_not_copied_over(catalog: Catalog) -> None:
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    catalog.replicas.begin("site-b", PSF)
    assert catalog.replicas.good([PSF]) == {"site-b": (PSF,)}


@pytest.mark.parametrize("state", [ReplicaState.STALE, ReplicaState.BAD])
def test_a_spoilt_replica_can_be_copied_again(catalog: Catalog, state: ReplicaState) -> None:
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    catalog.replicas.spoil("site-b", PSF, state)
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, state, 2, FINGERPRINT)
    assert catalog.replicas.good([PSF]) == {}
    catalog.replicas.begin("site-b", PSF)
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, ReplicaState.GOOD, 3, FINGERPRINT)


def test_a_replica_that_does_not_exist_is_none(catalog: Catalog) -> None:
    assert catalog.replicas.get("site-b", PSF) is None


def test_sites_are_listed_with_what_they_hold_of_what_is_wanted(catalog: Catalog) -> None:
    for site, digest in (("site-a", PSF), ("site-a", DCD), ("site-b", DCD), ("site-c", OFFSETS)):
        catalog.replicas.finish(site, digest, FINGERPRINT)
    held = catalog.replicas.good([PSF, DCD])
    assert {site: set(digests) for site, digests in held.items()} == {"site-a": {PSF, DCD}, "site-b": {DCD}}
    assert catalog.replicas.good([]) == {}


def test_the_replicas_of_a_version_are_those_of_its_files_where_it_was_put(catalog: Catalog) -> None:
    version = record(catalog, catalog.people.add_principal("ada"))
    catalog.replicas.begin("site-b", DCD)
    catalog.replicas.place(version.version_id, "site-b")
    catalog.replicas.finish("site-c", DCD, FINGERPRINT)
    assert catalog.replicas.of_version(version.version_id) == (
        ("adk.psf", "site-a", ReplicaState.GOOD),
        ("adk.xtc", "site-a", ReplicaState.GOOD),
        ("adk.xtc", "site-b", ReplicaState.INTERMEDIATE),
    )


def test_the_replicas_of_a_site_include_frame_offsets(catalog: Catalog) -> None:
    record(catalog, catalog.people.add_principal("ada"))
    catalog.replicas.begin("site-b", DCD)
    assert [replica.digest for replica in catalog.replicas.of_site("site-a")] == [PSF, DCD, OFFSETS]


def test_a_copy_in_place_keeps_where_it_lies_until_the_vault_has_one(catalog: Catalog) -> None:
    place = Place("/data/adk.psf", Guard.REHASH, handed_by=2**32 - 2, checked=1_700_000_000.5)
    catalog.replicas.finish("site-b", PSF, FINGERPRINT, place)
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, ReplicaState.GOOD, 1, FINGERPRINT, place)
    catalog.replicas.spoil("site-b", PSF, ReplicaState.STALE)
    assert catalog.replicas.in_place("site-b") == (Replica("site-b", PSF, ReplicaState.STALE, 2, FINGERPRINT, place),)
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    assert catalog.replicas.in_place("site-b") == ()
    assert catalog.replicas.get("site-b", PSF) == Replica("site-b", PSF, ReplicaState.GOOD, 3, FINGERPRINT)


def test_the_copy_that_was_not_read_for_the_longest_time_is_the_first(catalog: Catalog) -> None:
    for digest, checked in ((PSF, 30.0), (DCD, 10.0), (OFFSETS, 20.0)):
        place = Place(f"/data/{digest[:4]}", Guard.NONE, handed_by=1000, checked=checked)
        catalog.replicas.finish("site-b", digest, FINGERPRINT, place)
    assert [one.digest for one in catalog.replicas.in_place("site-b")] == [DCD, OFFSETS, PSF]
    catalog.replicas.checked("site-b", DCD, 40.0)
    assert [one.digest for one in catalog.replicas.in_place("site-b")] == [OFFSETS, PSF, DCD]
    assert catalog.replicas.get("site-b", DCD) == Replica(
        "site-b", DCD, ReplicaState.GOOD, 1, FINGERPRINT, Place(f"/data/{DCD[:4]}", Guard.NONE, 1000, 40.0)
    )
