"""What a call means at one moment, and which results are kept for it."""

from dataclasses import replace

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName, RecordVersion, ReplicaState
from fomrepo.model.operations import MethodRef, OperationEnd, OperationState
from fomrepo.model.people import Principal
from fomrepo.model.results import Kept
from tests.catalog.examples import DCD, FINGERPRINT, OFFSETS, PSF, method, named, publish, record, result, withdraw


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def adk(catalog: Catalog, ada: Principal) -> RecordVersion:
    catalog.methods.publish(method(), "{}")
    return record(catalog, ada)


def commit(catalog: Catalog, adk: RecordVersion, generation: int = 1, **how: str) -> bool:
    """Commit a result that read the trajectory and its topology at site-a."""
    return catalog.calls.commit_result(
        result(**how),
        replicas=[(PSF, generation), (DCD, 1)],
        versions=[adk.version_id],
        current=[adk.version_id],
    )


def kept(catalog: Catalog, key: str = "key") -> list[str]:
    """Blobs of the results that are kept under a key."""
    return [one.blob for one in catalog.calls.kept("nobody", result_key=key, idempotency_key="").stored]


def test_a_call_is_resolved_to_exact_bytes(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    resolved = catalog.calls.resolve(ada.id, [(named(adk), "adk.xtc")], MethodRef("rmsd"))
    (one,) = resolved.inputs
    assert one.version.version_id == adk.version_id
    assert (one.topology, one.file) == adk.files
    assert resolved.method == MethodRef("rmsd", "1.0.0")
    assert resolved.objects == (DCD, PSF, OFFSETS)
    assert resolved.scope == "project:ada"


def test_a_topology_needs_no_topology(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    resolved = catalog.calls.resolve(ada.id, [(named(adk), "adk.psf")], None)
    assert [(one.file, one.topology) for one in resolved.inputs] == [(adk.files[0], None)]
    assert resolved.method is None


def test_a_call_may_have_inputs_of_several_records(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    other = record(catalog, ada, name="other")
    publish(catalog, other)
    inputs = [(named(adk), "adk.xtc"), (RecordName(None, ("ada", "other"), None), "adk.psf")]
    resolved = catalog.calls.resolve(ada.id, inputs, None)
    assert [one.file for one in resolved.inputs] == [adk.files[1], other.files[0]]


def test_the_scope_of_published_versions_is_public(catalog: Catalog, adk: RecordVersion) -> None:
    publish(catalog, adk)
    bob = catalog.people.add_principal("bob")
    resolved = catalog.calls.resolve(bob.id, [(named(adk), "adk.xtc")], None)
    assert resolved.scope == "public"


def told(catalog: Catalog, who: Principal) -> Kept:
    """What is kept of a call, asked by itself and as the first question of a moment."""

    def ask() -> Kept:
        return catalog.calls.kept(who.id, result_key="key", idempotency_key="k")

    alone = ask()
    assert catalog.at_one_moment(ask) == alone
    return alone


def test_what_is_kept_is_told_with_the_callers_own_history(
    catalog: Catalog, ada: Principal, adk: RecordVersion
) -> None:
    bob = catalog.people.add_principal("bob")
    assert told(catalog, ada) == Kept((), opened=False, answered=False)
    commit(catalog, adk)
    commit(catalog, adk, key="another key")
    operation, _ = catalog.operations.open(ada.id, key="k", request_digest="r", method="rmsd 1.0.0", home="site-a")
    opened = Kept((result(),), opened=True, answered=False)
    assert told(catalog, ada) == opened
    catalog.operations.finish(operation.id, OperationEnd(OperationState.DONE, result_key="key"))
    assert told(catalog, ada) == replace(opened, answered=True)
    assert told(catalog, bob) == replace(opened, opened=False)


def test_a_record_that_one_may_not_see_is_not_found(catalog: Catalog, adk: RecordVersion) -> None:
    bob = catalog.people.add_principal("bob")
    for name in (adk.accession, "FOM-999999999"):
        with pytest.raises(NotFoundError, match=f"no record {name} that you may see"):
            catalog.calls.resolve(bob.id, [(RecordName.parse(name), "adk.xtc")], MethodRef("rmsd"))


def test_a_misspelt_file_is_answered_with_the_close_names(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    with pytest.raises(NotFoundError, match=r"no file 'adk.xtx' in FOM-\d+\n.*use one of: adk.xtc"):
        catalog.calls.resolve(ada.id, [(named(adk), "adk.xtx")], None)


def test_a_misspelt_method_is_answered_with_the_close_names(
    catalog: Catalog, ada: Principal, adk: RecordVersion
) -> None:
    with pytest.raises(NotFoundError, match=r"no method 'rsmd'\n.*use one of: rmsd"):
        catalog.calls.resolve(ada.id, [(named(adk), "adk.xtc")], MethodRef("rsmd"))


def test_an_unknown_version_is_answered_with_the_known_ones(
    catalog: Catalog, ada: Principal, adk: RecordVersion
) -> None:
    with pytest.raises(NotFoundError, match=r"no version 2\.0\.0 of the method 'rmsd'\n.*use one of: 1\.0\.0"):
        catalog.calls.resolve(ada.id, [(named(adk), "adk.xtc")], MethodRef("rmsd", "2.0.0"))


def test_a_result_is_kept_for_each_site(catalog: Catalog, adk: RecordVersion) -> None:
    for digest in (PSF, DCD):
        catalog.replicas.finish("site-b", digest, FINGERPRINT)
    assert commit(catalog, adk, site="site-b", blob="at-b")
    assert commit(catalog, adk, site="site-a", blob="at-a")
    assert kept(catalog) == ["at-a", "at-b"]
    catalog.calls.drop_result("key", "site-a")
    assert kept(catalog) == ["at-b"]


def test_the_first_result_stays(catalog: Catalog, adk: RecordVersion) -> None:
    assert commit(catalog, adk, blob="first")
    assert commit(catalog, adk, blob="second")
    assert kept(catalog) == ["first"]


def test_the_fence_falls_with_another_generation(catalog: Catalog, adk: RecordVersion) -> None:
    assert not commit(catalog, adk, generation=2)
    assert kept(catalog) == []


def test_the_fence_falls_for_an_answer_that_somebody_else_has_kept(catalog: Catalog, adk: RecordVersion) -> None:
    catalog.replicas.finish("site-a", PSF, FINGERPRINT)
    assert commit(catalog, adk, generation=2)
    assert not commit(catalog, adk, generation=1)


@pytest.mark.parametrize("state", [ReplicaState.STALE, ReplicaState.BAD])
def test_the_fence_falls_with_a_spoilt_replica(catalog: Catalog, adk: RecordVersion, state: ReplicaState) -> None:
    catalog.replicas.spoil("site-a", PSF, state)
    assert not commit(catalog, adk, generation=2)


def test_the_fence_falls_where_the_site_has_no_replica(catalog: Catalog, adk: RecordVersion) -> None:
    assert not commit(catalog, adk, site="site-b")


def test_the_fence_falls_with_a_new_version(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    record(catalog, ada, new_version_of=named(adk))
    assert not commit(catalog, adk, generation=2)


def test_an_old_version_that_was_asked_for_needs_not_be_current(
    catalog: Catalog, ada: Principal, adk: RecordVersion
) -> None:
    record(catalog, ada, new_version_of=named(adk))
    assert catalog.calls.commit_result(result(), replicas=[(PSF, 2), (DCD, 2)], versions=[adk.version_id], current=[])


def test_the_fence_falls_with_a_withdrawn_version(catalog: Catalog, adk: RecordVersion) -> None:
    withdraw(catalog, adk)
    assert not catalog.calls.commit_result(result(), replicas=[], versions=[adk.version_id], current=[])


def test_spoiling_drops_exactly_what_was_computed_from_it(catalog: Catalog, adk: RecordVersion) -> None:
    for digest in (PSF, DCD):
        catalog.replicas.finish("site-b", digest, FINGERPRINT)
    commit(catalog, adk, key="both", blob="of both at a")
    commit(catalog, adk, key="both", blob="of both at b", site="site-b")
    catalog.calls.commit_result(result("topology", blob="of topology"), replicas=[(PSF, 1)], versions=[], current=[])
    assert catalog.replicas.spoil("site-a", DCD, ReplicaState.STALE) == ("of both at a",)
    assert kept(catalog, "both") == ["of both at b"]
    assert kept(catalog, "topology") == ["of topology"]
    assert catalog.replicas.spoil("site-a", PSF, ReplicaState.BAD) == ("of topology",)
    assert catalog.replicas.spoil("site-a", PSF, ReplicaState.BAD) == ()
