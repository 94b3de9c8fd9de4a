"""What becomes of a version after it was accepted: it is published, perhaps with an embargo, and may be withdrawn.

Each change is one transaction with its entry in the audit log. Triggers of migration 0010 judge every step once more,
whoever writes to the database, and refuse to change a version that has left the state private.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from fomrepo.catalog.audit import name_of, write_entry
from fomrepo.catalog.clock import CatalogClock
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.quality import refuse_unsettled
from fomrepo.catalog.tables import (
    audit,
    audit_head,
    files,
    records,
    result_sources,
    results,
    supersessions,
    versions,
)
from fomrepo.catalog.versions import may_change, readable_version, superseding, version_by_id, visible_version
from fomrepo.errors import ArgumentError, ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.audit import CLOCK, AuditAction
from fomrepo.model.files import RecordName, RecordState, RecordVersion, refuse_withdrawn

YEAR_S = 365.25 * 86_400
#: Longest embargo: what is published is to become public within a career, and a mistyped year is noticed.
EMBARGO_LIMIT_S = 10 * YEAR_S

_ENDED = select(versions.c.id).where(versions.c.embargoed, versions.c.public_from <= CatalogClock()).limit(1)
_WITHDRAWN = (
    select(versions.c.id)
    .join_from(versions, records, versions.c.record_id == records.c.id)
    .where(
        records.c.accession == bindparam("accession"),
        versions.c.number == bindparam("number"),
        versions.c.state == RecordState.WITHDRAWN.value,
    )
)
_BY = select(supersessions.c.by_id).where(supersessions.c.version_id == bindparam("version"))
_WITHDRAWALS = select(audit.c.details).where(
    audit.c.number > bindparam("after"), audit.c.action == AuditAction.WITHDRAWN.value
)
_others, _their_versions = files.alias("others"), versions.alias("their_versions")
_GONE = (
    select(files.c.digest)
    .where(
        files.c.version_id.in_(bindparam("versions", expanding=True)),
        ~select(_others.c.id)
        .join_from(_others, _their_versions, _others.c.version_id == _their_versions.c.id)
        .where(_others.c.digest == files.c.digest, _their_versions.c.state != RecordState.WITHDRAWN.value)
        .exists(),
    )
    .distinct()
)


class Lifecycle:
    """Publish, supersede and withdraw versions; members of their projects may."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def publish(
        self,
        connection: Connection,
        name: RecordName,
        principal_id: str,
        *,
        licence: str,
        embargo_until: float | None = None,
    ) -> RecordVersion:
        """Make a version immutable, and public now or from a date on; nothing happens if it is so already.

        Parameters
        ----------
        name
            Of the version; without a number the newest one.
        principal_id
            Who does it.
        licence
            SPDX expression, which was checked.
        embargo_until
            Seconds since 1970; None: it is public at once.

        Raises
        ------
        NotFoundError, NotAllowedError
            If the principal does not see it, or is no member of its project.
        ArgumentError
            If the embargo would end in the past.
        ConflictError
            If a quality check of it did not pass and was not waived, or it was published under another licence or until
            another date.
        WithdrawnError
            If it was withdrawn.
        """
        version, public_from = _publishable(connection, name, principal_id, licence, embargo_until)
        if version.state is not RecordState.PRIVATE:
            return version
        _change(
            connection,
            version,
            state=RecordState.PUBLISHED.value,
            licence=licence,
            public_from=public_from,
            embargoed=embargo_until is not None,
        )
        return _audited(
            connection, version, principal_id, AuditAction.PUBLISHED, licence=licence, embargo_until=embargo_until
        )

    @writes
    def check_publication(
        self,
        connection: Connection,
        name: RecordName,
        principal_id: str,
        *,
        licence: str,
        embargo_until: float | None = None,
    ) -> RecordVersion:
        """Refuse what :meth:`publish` would refuse now, and change nothing."""
        return _publishable(connection, name, principal_id, licence, embargo_until)[0]

    @writes
    def set_embargo(
        self, connection: Connection, name: RecordName, principal_id: str, until: float | None
    ) -> RecordVersion:
        """Let an embargo end on another date, or now for None; once it has ended there is no way back.

        Raises
        ------
        NotFoundError, NotAllowedError
            If the principal does not see the version, or is no member of its project.
        ArgumentError
            If the date lies in the past.
        ConflictError
            If the version is under no embargo.
        WithdrawnError
            If it was withdrawn.
        """
        version = _to_change(connection, name, principal_id)
        refuse_withdrawn(version)
        if version.state is RecordState.PUBLISHED and until is None:
            return version
        if version.state is not RecordState.EMBARGOED:
            raise ConflictError(
                f"{version.versioned} is {version.state} and under no embargo",
                remedy=f"publish it with one: fomrepo publish {version.versioned} --licence ID --embargo-until DATE"
                if version.state is RecordState.PRIVATE
                else None,
            )
        _change(connection, version, public_from=_from(connection, until), embargoed=until is not None)
        action = AuditAction.EMBARGO_LIFTED if until is None else AuditAction.EMBARGO_SET
        return _audited(connection, version, principal_id, action, until=until)

    @writes
    def supersede(
        self, connection: Connection, name: RecordName, principal_id: str, by: RecordName | None
    ) -> RecordVersion:
        """Say that another version, also of another record, takes the place of one; None: that none does any more.

        A newer version of the same record takes the place of an older one without that.

        Raises
        ------
        NotFoundError, NotAllowedError
            If the principal does not see both, or is no member of the project of the former.
        WithdrawnError
            If one of them was withdrawn.
        ConflictError
            If the latter was superseded by the former.
        """
        version = _to_change(connection, name, principal_id)
        refuse_withdrawn(version)
        before = connection.scalar(_BY, {"version": version.version_id})
        latter = None if by is None else readable_version(connection, by, principal_id)
        if before == (latter and latter.version_id):
            return version
        connection.execute(delete(supersessions).where(supersessions.c.version_id == version.version_id))
        if latter is not None:
            _refuse_circle(connection, version, latter)
            connection.execute(insert(supersessions).values(version_id=version.version_id, by_id=latter.version_id))
        by_name = None if latter is None else latter.versioned
        return _audited(connection, version, principal_id, AuditAction.SUPERSEDED, by=by_name)

    @writes
    def withdraw(self, connection: Connection, name: RecordName, principal_id: str, reason: str) -> RecordVersion:
        """Leave a tombstone of a version; nothing happens if it is one already.

        The tombstone of what was public is public; before that it is its project's alone.

        Raises
        ------
        NotFoundError, NotAllowedError
            If the principal does not see the version, or is no member of its project.
        """
        version = _to_change(connection, name, principal_id)
        if version.state is RecordState.WITHDRAWN:
            return version
        public_from = version.public_from if version.state is RecordState.PUBLISHED else None
        _change(
            connection,
            version,
            state=RecordState.WITHDRAWN.value,
            withdrawn=CatalogClock(),
            reason=reason,
            public_from=public_from,
        )
        details = {"reason": reason, "version_id": version.version_id}
        return _audited(connection, version, principal_id, AuditAction.WITHDRAWN, **details)

    @writes
    def note_ended_embargoes(self, connection: Connection) -> tuple[str, ...]:
        """Write into the audit log which embargoes have ended by themselves; returns the names of the versions.

        They have ended on their dates, whether that is noted soon or late.
        """
        ended = connection.execute(
            update(versions)
            .where(versions.c.embargoed, versions.c.public_from <= CatalogClock())
            .values(embargoed=False)
            .returning(versions.c.id)
        )
        names = []
        for version_id in ended.scalars().all():
            version = version_by_id(connection, version_id)
            write_entry(connection, CLOCK, AuditAction.EMBARGO_LIFTED, version.versioned, until=version.public_from)
            names.append(version.versioned)
        return tuple(names)

    @reads
    def embargoes_have_ended(self, connection: Connection) -> bool:
        """Whether there is something for :meth:`note_ended_embargoes` to note."""
        return connection.scalar(_ENDED) is not None

    @reads
    def refuse_withdrawn(self, connection: Connection, names: Iterable[str]) -> None:
        """Refuse to give out what was computed from versions that were withdrawn since.

        Parameters
        ----------
        names
            Of versions, each as ``FOM-402917.v1``, as provenance has them.

        Raises
        ------
        WithdrawnError
            If one of them was.
        """
        for name in sorted(names):
            version_id = connection.scalar(_WITHDRAWN, _numbered(RecordName.parse(name)))
            if version_id is not None:
                refuse_withdrawn(version_by_id(connection, version_id))

    @reads
    def withdrawn_since(self, connection: Connection, number: int) -> tuple[int, tuple[str, ...]]:
        """Find what was withdrawn after an entry of the audit log.

        Returns
        -------
        tuple
            The number to give the next time, and the digests of the content that no version has any more.
        """
        newest = connection.scalars(select(audit_head.c.number)).one()
        entries = connection.scalars(_WITHDRAWALS, {"after": number})
        withdrawn = [json.loads(details)["version_id"] for details in entries]
        gone = connection.scalars(_GONE, {"versions": withdrawn}) if withdrawn else ()
        return newest, tuple(gone)

    @writes
    def forget_results(self, connection: Connection, site: str, digests: Sequence[str]) -> tuple[str, ...]:
        """Drop all results of a site that were computed from some content; returns their blobs, for its cache."""
        tainted = select(result_sources.c.key).where(
            result_sources.c.site == site, result_sources.c.digest.in_(digests)
        )
        dropped = connection.execute(
            delete(results).where(results.c.site == site, results.c.key.in_(tainted)).returning(results.c.blob)
        )
        return tuple(sorted(dropped.scalars()))


def _numbered(name: RecordName) -> dict[str, Any]:
    return {"accession": name.accession, "number": name.version}


def _to_change(connection: Connection, name: RecordName, principal_id: str) -> RecordVersion:
    """Version that somebody may change, locked."""
    version = visible_version(connection, name, principal_id)
    if version is None:
        raise NotFoundError(f"no record {name} that you may see", remedy="see what is there: fomrepo ls")
    if not may_change(connection, version.version_id, principal_id):
        raise NotAllowedError(
            f"only members of the project {version.project!r} may do that with {version.versioned}",
            remedy=f"ask its owner, {version.owner}, or a member of the project to add you",
        )
    connection.execute(select(versions.c.id).where(versions.c.id == version.version_id).with_for_update())
    return _seen(connection, version.version_id, principal_id)


def _seen(connection: Connection, version_id: str, principal_id: str) -> RecordVersion:
    """Version as somebody sees it."""
    version = version_by_id(connection, version_id)
    return replace(version, superseded_by=superseding(connection, version, principal_id))


def _refuse_circle(connection: Connection, former: RecordVersion, latter: RecordVersion) -> None:
    if former.version_id == latter.version_id:
        raise ConflictError(
            f"{former.versioned} cannot supersede itself",
            remedy=f"name another record: fomrepo supersede {former.versioned} --by RECORD",
        )
    after: str | None = latter.version_id
    while after is not None and after != former.version_id:
        after = connection.scalar(_BY, {"version": after})
    if after is not None:
        raise ConflictError(
            f"{latter.versioned} was itself superseded by {former.versioned}",
            remedy=f"take that back first: fomrepo supersede {latter.versioned} --by-nothing",
        )


def _publishable(
    connection: Connection, name: RecordName, principal_id: str, licence: str, until: float | None
) -> tuple[RecordVersion, ColumnElement[float] | float]:
    """Version that may be published in this way or was so already, and when it becomes public."""
    version = _to_change(connection, name, principal_id)
    refuse_withdrawn(version)
    if version.state is not RecordState.PRIVATE:
        return _same_publication(version, licence, until), 0.0
    refuse_unsettled(connection, version.version_id, version.versioned)
    return version, _from(connection, until)


def _same_publication(version: RecordVersion, licence: str, until: float | None) -> RecordVersion:
    """Version that was published before, if it was published in the same way."""
    if version.licence != licence:
        raise ConflictError(
            f"{version.versioned} is published under {version.licence}, and that does not change",
            remedy=f"deposit a new version: fomrepo deposit FILES --new-version-of {version.accession} --title TITLE",
        )
    if (until is None) != (version.state is RecordState.PUBLISHED) or until not in (None, version.public_from):
        raise ConflictError(
            f"{version.versioned} is {version.state} already",
            remedy=f"change its embargo: fomrepo embargo {version.versioned} --until DATE, or --lift",
        )
    return version


def _from(connection: Connection, until: float | None) -> ColumnElement[float] | float:
    """When a version becomes public: now by the catalog's clock, or on a date that is still to come."""
    if until is None:
        return CatalogClock()
    now = connection.scalars(select(CatalogClock())).one()
    if not now < until <= now + EMBARGO_LIMIT_S:
        raise ArgumentError(
            "an embargo cannot end on that date",
            remedy=f"give one that is still to come, at most {EMBARGO_LIMIT_S / YEAR_S:.0f} years from now; to publish "
            "at once, leave it out",
        )
    return until


def _change(connection: Connection, version: RecordVersion, **values: Any) -> None:
    connection.execute(update(versions).where(versions.c.id == version.version_id).values(**values))


def _audited(
    connection: Connection, version: RecordVersion, principal_id: str, action: AuditAction, **details: Any
) -> RecordVersion:
    write_entry(connection, name_of(connection, principal_id), action, version.versioned, **details)
    return _seen(connection, version.version_id, principal_id)
