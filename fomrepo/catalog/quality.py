"""Quality checks of deposited files: planned with the version, run by the deposit's site, kept, and waived."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import (
    principals,
    projects,
    quality_checks,
    quality_waivers,
    records,
    versions,
)
from fomrepo.catalog.versions import may_change
from fomrepo.errors import ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.canonical import canonical_json, new_id
from fomrepo.model.quality import (
    FINDINGS_LIMIT,
    MESSAGE_LIMIT,
    WHOLE,
    CheckState,
    Finding,
    PlannedCheck,
    QualityCheck,
    Verdict,
    Waiver,
    check_reason,
)

_WAITING = Verdict(CheckState.WAITING)
#: States of checks that may be run again.
_AGAIN = (CheckState.FAILED.value, CheckState.UNDECIDED.value)
#: Checks with what was said about waiving them.
CHECKS: Select[Any] = (
    select(
        quality_checks,
        quality_waivers.c.reason,
        quality_waivers.c.created.label("waived"),
        principals.c.name.label("waived_by"),
    )
    .select_from(quality_checks)
    .join(quality_waivers, quality_waivers.c.check_id == quality_checks.c.id, isouter=True)
    .join(principals, principals.c.id == quality_waivers.c.principal_id, isouter=True)
)


@dataclass(frozen=True, slots=True)
class WaitingCheck:
    """A check that a site has still to run."""

    id: str
    #: ``FOM-402917.v1``.
    record: str
    file: str
    #: Name of the method.
    name: str
    #: Id of the depositor, as whom it is run.
    principal: str
    project: str


def plan_checks(
    connection: Connection, version_id: str, site: str, planned: Iterable[tuple[str, PlannedCheck]]
) -> None:
    """Note which checks the files of a new version are to pass, each with the name of its file."""
    now = time.time()
    rows = [
        {
            "id": new_id(),
            "version_id": version_id,
            "file": file,
            "name": check.name,
            "site": site,
            **_values(check.verdict or _WAITING),
            "checked": None if check.verdict is None else now,
        }
        for file, check in planned
    ]
    if rows:
        connection.execute(insert(quality_checks), rows)


def unsettled_checks(connection: Connection, version_id: str) -> tuple[QualityCheck, ...]:
    """List the checks of a version that neither passed nor were waived: it may not be published before."""
    return tuple(one for one in _of_version(connection, version_id) if not one.settled)


def refuse_unsettled(connection: Connection, version_id: str, versioned: str) -> None:
    """Refuse to go on with a version whose checks are not all settled.

    Raises
    ------
    ConflictError
        The message names them, and the remedy the commands.
    """
    if unsettled := unsettled_checks(connection, version_id):
        more = f" and {len(unsettled) - 3} more" if len(unsettled) > 3 else ""
        waits = any(one.verdict.state is CheckState.WAITING for one in unsettled)
        raise ConflictError(
            f"{versioned} has quality checks that did not pass: {'; '.join(map(str, unsettled[:3]))}{more}",
            remedy=f"wait until they were run: fomrepo quality show {versioned}"
            if waits
            else f"see why: fomrepo quality show {versioned}; let one pass nevertheless, with a reason that stays "
            f"visible: fomrepo quality waive {versioned}/FILE CHECK REASON",
        )


class Quality:
    """Verdicts on the files of versions, and waivers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def of_version(self, connection: Connection, version_id: str) -> tuple[QualityCheck, ...]:
        """List the checks of a version, by file and name; who may see the version was decided before."""
        return _of_version(connection, version_id)

    @reads
    def unsettled(self, connection: Connection, version_id: str) -> tuple[QualityCheck, ...]:
        """Do as :func:`unsettled_checks` in a snapshot of its own."""
        return unsettled_checks(connection, version_id)

    @reads
    def waiting(self, connection: Connection, site: str, *, limit: int) -> tuple[WaitingCheck, ...]:
        """List the checks that a site has to run, oldest first."""
        rows = connection.execute(
            select(
                quality_checks.c.id, records.c.accession, versions.c.number, quality_checks.c.file,
                quality_checks.c.name, versions.c.owner_id, projects.c.name.label("project"),
            )
            .select_from(quality_checks)
            .join(versions, versions.c.id == quality_checks.c.version_id)
            .join(records, records.c.id == versions.c.record_id)
            .join(projects, projects.c.id == records.c.project_id)
            .where(quality_checks.c.site == site, quality_checks.c.state == CheckState.WAITING.value)
            .order_by(quality_checks.c.id)
            .limit(limit)
        )  # fmt: skip
        return tuple(
            WaitingCheck(one.id, f"{one.accession}.v{one.number}", one.file, one.name, one.owner_id, one.project)
            for one in rows
        )

    @writes
    def note(self, connection: Connection, check_id: str, verdict: Verdict) -> None:
        """Keep what came of a check; nothing happens if it does not wait any more."""
        connection.execute(
            update(quality_checks)
            .where(quality_checks.c.id == check_id, quality_checks.c.state == CheckState.WAITING.value)
            .values(checked=time.time(), **_values(verdict))
        )

    @writes
    def waive(
        self, connection: Connection, version_id: str, principal_id: str, *, file: str, name: str, reason: str
    ) -> QualityCheck:
        """Let a check pass that did not, with a reason that stays with the version.

        Raises
        ------
        NotAllowedError
            If the principal is no member of the record's project.
        NotFoundError
            If there is no such check.
        ConflictError
            If there is nothing to waive: it passed, was not run yet, or was waived before.
        """
        text = check_reason(reason)
        _need_member(connection, version_id, principal_id)
        wanted = (
            quality_checks.c.version_id == version_id,
            quality_checks.c.file == file,
            quality_checks.c.name == name,
        )
        row = connection.execute(CHECKS.where(*wanted)).first()
        if row is None:
            raise NotFoundError(
                f"no check {name!r} of {file!r} is kept with this version", remedy="see them: fomrepo quality show"
            )
        check = check_of(row)
        if check.settled or check.verdict.state is CheckState.WAITING:
            raise ConflictError(f"there is nothing to waive: {check}", remedy="see why: fomrepo quality show")
        connection.execute(
            insert(quality_waivers).values(
                check_id=check.id, principal_id=principal_id, reason=text, created=time.time()
            )
        )
        return check_of(connection.execute(CHECKS.where(*wanted)).one())

    @writes
    def again(self, connection: Connection, version_id: str, principal_id: str) -> int:
        """Let those checks wait again that failed or could not be run; returns how many.

        Raises
        ------
        NotAllowedError
            If the principal is no member of the record's project.
        """
        _need_member(connection, version_id, principal_id)
        set_back = connection.execute(
            update(quality_checks)
            .where(
                quality_checks.c.version_id == version_id,
                quality_checks.c.state.in_(_AGAIN),
                quality_checks.c.name != WHOLE,
            )
            .values(checked=None, **_values(_WAITING))
        )
        return set_back.rowcount


def _of_version(connection: Connection, version_id: str) -> tuple[QualityCheck, ...]:
    wanted = CHECKS.where(quality_checks.c.version_id == version_id).order_by(
        quality_checks.c.file, quality_checks.c.name
    )
    return tuple(check_of(row) for row in connection.execute(wanted))


def _need_member(connection: Connection, version_id: str, principal_id: str) -> None:
    if not may_change(connection, version_id, principal_id):
        raise NotAllowedError(
            "only members of its project decide on the checks of a record",
            remedy="ask one of them, or ask to be added to the project",
        )


def _values(verdict: Verdict) -> dict[str, Any]:
    findings = [asdict(one) for one in verdict.findings[:FINDINGS_LIMIT]]
    return {
        "state": verdict.state.value,
        "message": verdict.message[:MESSAGE_LIMIT],
        "method_version": verdict.method_version,
        "n_findings": verdict.n_findings,
        "findings": canonical_json(findings).decode(),
    }


def check_of(row: Row[Any]) -> QualityCheck:
    """Value of a row of ``CHECKS``."""
    findings: Sequence[dict[str, Any]] = json.loads(row.findings)
    return QualityCheck(
        id=row.id,
        file=row.file,
        name=row.name,
        site=row.site,
        verdict=Verdict(
            CheckState(row.state),
            row.message,
            tuple(Finding(**one) for one in findings),
            row.n_findings,
            row.method_version,
        ),
        checked=row.checked,
        waiver=None if row.reason is None else Waiver(row.reason, row.waived_by, row.waived),
    )
