"""Quality checks: planned with a version, noted once, waived with a reason that stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import ArgumentError, ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.files import RecordVersion
from fomrepo.model.people import Principal
from fomrepo.model.quality import FINDINGS_LIMIT, WHOLE, CheckState, Finding, PlannedCheck, QualityCheck, Verdict
from tests.catalog.examples import ADK, publish, record

JUMP = Finding("an atom jumps", 7, 3, 41.5, 10.0, "angstrom")
FAILED = Verdict(CheckState.FAILED, "", (JUMP,), 1, "1.0.0")
PASSED = Verdict(CheckState.PASSED)
REASON = "a restart from another snapshot"


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def version(catalog: Catalog, ada: Principal) -> RecordVersion:
    """Return a version whose trajectory has two checks, one of them told by the probe."""
    checks = (PlannedCheck(WHOLE, PASSED), PlannedCheck("integrity"))
    return record(catalog, ada, files=(ADK[0], replace(ADK[1], checks=checks)))


def integrity(catalog: Catalog, version: RecordVersion) -> QualityCheck:
    return next(one for one in catalog.quality.of_version(version.version_id) if one.name == "integrity")


def test_what_is_planned_waits_for_the_site_of_the_deposit(
    catalog: Catalog, ada: Principal, version: RecordVersion
) -> None:
    waiting, whole = catalog.quality.of_version(version.version_id)
    assert (whole.file, whole.name, whole.verdict, whole.settled) == ("adk.xtc", WHOLE, PASSED, True)
    assert (waiting.name, waiting.verdict.state, waiting.settled, waiting.checked) == (
        "integrity", CheckState.WAITING, False, None,
    )  # fmt: skip
    (found,) = catalog.quality.waiting("site-a", limit=10)
    assert (found.record, found.file, found.name, found.principal, found.project) == (
        f"{version.accession}.v1", "adk.xtc", "integrity", ada.id, "ada",
    )  # fmt: skip
    assert catalog.quality.waiting("site-b", limit=10) == ()


def test_a_verdict_is_kept_and_not_overwritten(catalog: Catalog, version: RecordVersion) -> None:
    check = integrity(catalog, version)
    many = replace(FAILED, findings=(JUMP,) * (FINDINGS_LIMIT + 1), n_findings=2**40)
    catalog.quality.note(check.id, many)
    catalog.quality.note(check.id, PASSED)
    found = integrity(catalog, version)
    assert found.verdict == replace(many, findings=(JUMP,) * FINDINGS_LIMIT)
    assert found.checked is not None
    assert catalog.quality.waiting("site-a", limit=10) == ()


@pytest.mark.parametrize("state", [CheckState.PASSED, CheckState.INAPPLICABLE])
def test_what_passed_stands_in_nobodys_way(catalog: Catalog, version: RecordVersion, state: CheckState) -> None:
    assert [one.name for one in catalog.quality.unsettled(version.version_id)] == ["integrity"]
    catalog.quality.note(integrity(catalog, version).id, Verdict(state))
    assert catalog.quality.unsettled(version.version_id) == ()


def test_a_version_is_published_only_when_its_checks_are_settled(
    catalog: Catalog, ada: Principal, version: RecordVersion
) -> None:
    with pytest.raises(ConflictError, match=r"integrity of adk\.xtc was not run yet"):
        publish(catalog, version)
    catalog.quality.note(integrity(catalog, version).id, FAILED)
    with pytest.raises(ConflictError, match=r"integrity of adk\.xtc failed\n.*fomrepo quality waive"):
        publish(catalog, version)
    catalog.quality.waive(version.version_id, ada.id, file="adk.xtc", name="integrity", reason=REASON)
    publish(catalog, version)


def test_a_waiver_settles_a_failure_and_stays(catalog: Catalog, ada: Principal, version: RecordVersion) -> None:
    catalog.quality.note(integrity(catalog, version).id, FAILED)
    assert len(catalog.quality.unsettled(version.version_id)) == 1
    waived = catalog.quality.waive(version.version_id, ada.id, file="adk.xtc", name="integrity", reason=REASON)
    assert waived.waiver is not None
    assert (waived.waiver.reason, waived.waiver.by, waived.verdict) == (REASON, "ada", FAILED)
    assert catalog.quality.unsettled(version.version_id) == ()
    assert catalog.quality.again(version.version_id, ada.id) == 1
    assert integrity(catalog, version).waiver == waived.waiver


def test_a_waiver_needs_a_reason_a_member_and_a_failure(
    catalog: Catalog, ada: Principal, version: RecordVersion
) -> None:
    bob = catalog.people.add_principal("bob")

    def waive(who: Principal, name: str = "integrity", reason: str = REASON) -> None:
        catalog.quality.waive(version.version_id, who.id, file="adk.xtc", name=name, reason=reason)

    with pytest.raises(ConflictError, match="was not run yet"):
        waive(ada)
    catalog.quality.note(integrity(catalog, version).id, FAILED)
    with pytest.raises(ArgumentError, match="says nothing"):
        waive(ada, reason="fine")
    with pytest.raises(NotAllowedError, match="only members"):
        waive(bob)
    with pytest.raises(NotFoundError, match="no check"):
        waive(ada, "beauty")
    with pytest.raises(ConflictError, match="passed"):
        waive(ada, WHOLE)
    waive(ada)
    with pytest.raises(ConflictError, match="was waived"):
        waive(ada)


def test_only_what_a_method_looked_at_can_be_run_again(
    catalog: Catalog, ada: Principal, version: RecordVersion
) -> None:
    bob = catalog.people.add_principal("bob")
    assert catalog.quality.again(version.version_id, ada.id) == 0
    catalog.quality.note(integrity(catalog, version).id, FAILED)
    with pytest.raises(NotAllowedError):
        catalog.quality.again(version.version_id, bob.id)
    assert catalog.quality.again(version.version_id, ada.id) == 1
    assert len(catalog.quality.waiting("site-a", limit=10)) == 1
