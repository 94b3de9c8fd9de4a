"""How deposits begin, go on, and end."""

from dataclasses import replace

import pytest

from fomrepo.catalog import Catalog, acceptance
from fomrepo.errors import ConflictError, InternalError, NotAllowedError, NotFoundError
from fomrepo.model.deposits import DepositState, ExpectedFile
from fomrepo.model.files import RecordName, RecordState, ReplicaState
from fomrepo.model.people import Principal
from tests.catalog.examples import ADK, DCD, FINGERPRINT, OFFSETS, PSF, draft, named, probed, publish, record


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


def test_the_same_key_opens_one_draft(catalog: Catalog, ada: Principal) -> None:
    opened = draft(catalog, ada, key="key")
    assert [upload.file.name for upload in opened.uploads] == ["adk.psf", "adk.xtc"]
    assert (opened.state, opened.principal, opened.project) == (DepositState.DRAFT, ada.id, "ada")
    assert draft(catalog, ada, key="key") == opened
    assert catalog.deposits.get(opened.id, ada.id) == opened


def test_a_key_of_another_request_is_refused(catalog: Catalog, ada: Principal) -> None:
    draft(catalog, ada, key="key")
    with pytest.raises(ConflictError, match="idempotency key"):
        draft(catalog, ada, key="key", request_digest="another")


def test_two_principals_may_use_the_same_key(catalog: Catalog, ada: Principal) -> None:
    bob = catalog.people.add_principal("bob")
    assert draft(catalog, ada, key="key").id != draft(catalog, bob, key="key").id


def test_nobody_finds_the_deposit_of_another(catalog: Catalog, ada: Principal) -> None:
    bob = catalog.people.add_principal("bob")
    assert catalog.deposits.get(draft(catalog, ada).id, bob.id) is None


@pytest.mark.parametrize("project", ["bob", "nothing"])
def test_only_members_deposit_into_a_project(catalog: Catalog, ada: Principal, project: str) -> None:
    catalog.people.add_principal("bob")
    with pytest.raises(NotFoundError, match=f"'{project}'"):
        draft(catalog, ada, project=project)


def test_a_taken_name_is_refused_with_both_ways_out(catalog: Catalog, ada: Principal) -> None:
    record(catalog, ada)
    with pytest.raises(ConflictError, match=r"--name, or .* --new-version-of /ada/adk"):
        draft(catalog, ada)


def test_probing_waits_for_every_upload(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    catalog.deposits.received(deposit.uploads[0].id, PSF)
    assert not catalog.deposits.probing(deposit.id)
    catalog.deposits.received(deposit.uploads[1].id, DCD)
    assert catalog.deposits.probing(deposit.id)
    assert catalog.deposits.probing(deposit.id)


def test_bytes_are_not_exchanged_once_the_probes_began(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    probed(catalog, deposit)
    catalog.deposits.received(deposit.uploads[0].id, PSF)
    with pytest.raises(ConflictError):
        catalog.deposits.received(deposit.uploads[0].id, DCD)


def test_an_accepted_deposit_is_a_record_with_good_replicas(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    version = catalog.deposits.accept(probed(catalog, deposit), ADK)
    assert (version.number, version.current, version.state) == (1, True, RecordState.PRIVATE)
    assert (version.title, version.path, version.owner) == ("AdK, closed to open", "/ada/adk", "ada")
    topology, trajectory = version.files
    assert (topology.name, topology.file_type, topology.digest, topology.size) == ("adk.psf", "PSF", PSF, 7_000)
    assert (topology.facts, topology.topology, topology.offsets_digest) == ({"n_atoms": 3341}, None, None)
    assert (trajectory.size, trajectory.topology, trajectory.offsets_digest) == (2**40, "adk.psf", OFFSETS)
    assert trajectory.facts == {"n_frames": 98, "dt": {"unit": "ps", "value": 0.1}}
    for digest in (PSF, DCD, OFFSETS):
        replica = catalog.replicas.get("site-a", digest)
        assert replica is not None
        assert (replica.state, replica.fingerprint) == (ReplicaState.GOOD, FINGERPRINT)
    done = catalog.deposits.get(deposit.id, ada.id)
    assert done is not None
    assert (done.state, done.accession) == (DepositState.ACCEPTED, f"{version.accession}.v1")


def test_accepting_twice_gives_the_same_version(catalog: Catalog, ada: Principal) -> None:
    deposit_id = probed(catalog, draft(catalog, ada))
    assert catalog.deposits.accept(deposit_id, ADK) == catalog.deposits.accept(deposit_id, ADK)
    assert len(catalog.records.page(ada.id, limit=10)[0]) == 1


@pytest.mark.parametrize("state", ["draft", "quarantined", "abandoned"])
def test_only_a_deposit_in_probing_is_accepted(catalog: Catalog, ada: Principal, state: str) -> None:
    deposit = draft(catalog, ada)
    if state == "quarantined":
        catalog.deposits.quarantine(deposit.id, b"reason")
    if state == "abandoned":
        catalog.deposits.abandon(deposit.id)
    with pytest.raises(ConflictError, match=state):
        catalog.deposits.accept(deposit.id, ADK)
    assert catalog.records.page(ada.id, limit=10) == ((), None)
    assert catalog.replicas.of_site("site-a") == ()


def test_a_deposit_that_does_not_exist_is_not_accepted(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError):
        catalog.deposits.accept("no-such-id", ADK)


def test_of_two_drafts_of_one_name_the_first_accepted_wins(catalog: Catalog, ada: Principal) -> None:
    one, other = (probed(catalog, draft(catalog, ada)) for _ in range(2))
    catalog.deposits.accept(one, ADK)
    with pytest.raises(ConflictError, match="/ada/adk"):
        catalog.deposits.accept(other, ADK)
    left = catalog.deposits.get(other, ada.id)
    assert left is not None
    assert (left.state, left.accession) == (DepositState.PROBING, None)


def test_a_new_version_takes_the_place_of_the_current_one(catalog: Catalog, ada: Principal) -> None:
    first = record(catalog, ada)
    second = record(catalog, ada, name="ignored", new_version_of=RecordName(None, ("ada", "adk"), None))
    assert (second.record_id, second.accession, second.number, second.name) == (
        first.record_id,
        first.accession,
        2,
        "adk",
    )
    assert catalog.records.find(named(first), ada.id) == second
    assert catalog.records.find(RecordName(first.accession, None, 1), ada.id) == replace(
        first, current=False, superseded_by=second.versioned
    )


def test_a_new_version_of_what_one_may_not_see_is_not_found(catalog: Catalog, ada: Principal) -> None:
    version = record(catalog, ada)
    bob = catalog.people.add_principal("bob")
    with pytest.raises(NotFoundError, match=f"no record {version.accession} that you may see"):
        draft(catalog, bob, new_version_of=named(version))


def test_only_members_give_a_published_record_a_new_version(catalog: Catalog, ada: Principal) -> None:
    version = record(catalog, ada)
    publish(catalog, version)
    bob = catalog.people.add_principal("bob")
    with pytest.raises(NotAllowedError, match="'ada'"):
        draft(catalog, bob, new_version_of=named(version))


def test_a_refusal_is_kept(catalog: Catalog, ada: Principal) -> None:
    deposit_id = probed(catalog, draft(catalog, ada))
    catalog.deposits.quarantine(deposit_id, b"\x00reason")
    catalog.deposits.abandon(deposit_id)
    refused = catalog.deposits.get(deposit_id, ada.id)
    assert refused is not None
    assert (refused.state, refused.refusal) == (DepositState.QUARANTINED, b"\x00reason")


def test_an_accepted_deposit_cannot_be_given_up(catalog: Catalog, ada: Principal) -> None:
    deposit_id = probed(catalog, draft(catalog, ada))
    version = catalog.deposits.accept(deposit_id, ADK)
    catalog.deposits.abandon(deposit_id)
    catalog.deposits.quarantine(deposit_id, b"reason")
    assert catalog.deposits.accept(deposit_id, ADK) == version


def test_a_site_lists_what_it_has_to_continue(catalog: Catalog, ada: Principal) -> None:
    begun = draft(catalog, ada, name="begun")
    looked_at = probed(catalog, draft(catalog, ada, name="looked-at"))
    catalog.deposits.abandon(draft(catalog, ada, name="given-up").id)
    record(catalog, ada, name="accepted")
    draft(catalog, ada, name="elsewhere", site="site-b")
    assert [one.id for one in catalog.deposits.unfinished("site-a")] == [begun.id, looked_at]


def test_a_taken_accession_is_drawn_again(catalog: Catalog, ada: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["FOM-100001", "FOM-100001", "FOM-100001", "FOM-100002"])
    monkeypatch.setattr(acceptance, "new_accession", lambda: next(draws))
    assert [record(catalog, ada, name=name).accession for name in ("one", "two")] == ["FOM-100001", "FOM-100002"]


def test_when_accessions_run_out_nothing_is_left_behind(
    catalog: Catalog, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "new_accession", lambda: "FOM-100001")
    record(catalog, ada, name="one")
    deposit_id = probed(catalog, draft(catalog, ada, name="two"))
    with pytest.raises(InternalError, match="accessions"):
        catalog.deposits.accept(deposit_id, ADK)
    left = catalog.deposits.get(deposit_id, ada.id)
    assert left is not None
    assert left.state is DepositState.PROBING


def test_claims_go_with_the_deposit_into_the_version(catalog: Catalog, ada: Principal) -> None:
    claims = {"licence": "CC-BY-4.0", "creators": [{"name": "Ada Lovelace"}]}
    deposit = draft(catalog, ada)
    files = [(upload.file, None) for upload in deposit.uploads]
    revised = catalog.deposits.revise(deposit.id, title="AdK, open", claims=claims, files=files)
    assert (revised.title, revised.claims, revised.uploads) == ("AdK, open", claims, deposit.uploads)
    version = catalog.deposits.accept(probed(catalog, deposit), ADK)
    assert version.title == "AdK, open"
    assert catalog.deposits.claims(version.version_id) == claims


def test_a_revision_keeps_the_uploads_that_stay_the_same(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    topology, trajectory = deposit.uploads
    catalog.deposits.received(topology.id, PSF)
    catalog.deposits.received(trajectory.id, DCD)
    added = ExpectedFile("adk.edr", 10, None)
    files = [(added, None), (topology.file, PSF), (trajectory.file, "e" * 64)]
    first, second, third = catalog.deposits.revise(deposit.id, title="t", claims={}, files=files).uploads
    assert (first.file, first.digest) == (added, None)
    assert (second.id, second.digest) == (topology.id, PSF)
    assert (third.file, third.digest) == (trajectory.file, None)
    assert third.id != trajectory.id
    longer = replace(topology.file, size=7_001)
    (only,) = catalog.deposits.revise(deposit.id, title="t", claims={}, files=[(longer, None)]).uploads
    assert (only.file, only.digest) == (longer, None)


def test_only_a_draft_is_revised(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    probed(catalog, deposit)
    with pytest.raises(ConflictError, match="no draft"):
        catalog.deposits.revise(deposit.id, title="t", claims={}, files=[])


def test_bytes_that_are_gone_are_forgotten_while_it_is_a_draft(catalog: Catalog, ada: Principal) -> None:
    deposit = draft(catalog, ada)
    topology, _ = deposit.uploads
    catalog.deposits.received(topology.id, PSF)
    catalog.deposits.forget(topology.id)
    assert _digests(catalog, ada, deposit.id) == [None, None]
    probed(catalog, deposit)
    catalog.deposits.forget(topology.id)
    assert _digests(catalog, ada, deposit.id) == [PSF, DCD]


def _digests(catalog: Catalog, who: Principal, deposit_id: str) -> list[str | None]:
    found = catalog.deposits.get(deposit_id, who.id)
    assert found is not None
    return [upload.digest for upload in found.uploads]
