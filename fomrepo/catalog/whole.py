"""Many records at once with all that is known of them: a handful of statements, however many they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Select, bindparam, or_, select

from fomrepo.catalog.clock import CatalogClock
from fomrepo.catalog.database import Database, reads
from fomrepo.catalog.quality import CHECKS, check_of
from fomrepo.catalog.tables import (
    files,
    members,
    placements,
    quality_checks,
    records,
    replicas,
    supersessions,
    versions,
)
from fomrepo.catalog.versions import (
    MAY_SEE,
    PUBLIC,
    SEEN,
    VERSION,
    file_of,
    newest_of,
    version_of,
    visible_version,
)
from fomrepo.errors import ArgumentError
from fomrepo.model.files import FileObject, RecordName, RecordState, RecordVersion, ReplicaState
from fomrepo.model.metadata import metadata_of
from fomrepo.model.quality import QualityCheck
from fomrepo.model.whole import VERSIONS_LIMIT, VersionLine, WholeRecord

#: As whom what is public is read: nobody has this id, so nobody's projects are seen.
NOBODY = ""

T = TypeVar("T")

_news = versions.alias("news")
_NEWS = select(_news.c.record_id).where(
    or_(_news.c.public_from.between(bindparam("since"), CatalogClock()), _news.c.withdrawn >= bindparam("since"))
)
_OWN_PAGE = (
    VERSION.join(members, members.c.project_id == records.c.project_id)
    .where(members.c.principal_id == bindparam("principal"), versions.c.created >= bindparam("since"))
    .order_by(versions.c.id.desc())
    .limit(bindparam("limit"))
)
_THESE: BindParameter[Any] = bindparam("these", expanding=True)
_FILES = select(files).where(files.c.version_id.in_(_THESE)).order_by(files.c.version_id, files.c.position)
_CLAIMS = select(versions.c.id, versions.c.claims).where(versions.c.id.in_(_THESE), versions.c.claims.is_not(None))
_REPLICAS = (
    select(files.c.version_id, files.c.name, replicas.c.site, replicas.c.state, placements.c.coming)
    .join_from(files, replicas, files.c.digest == replicas.c.digest)
    .join(placements, (placements.c.version_id == files.c.version_id) & (placements.c.site == replicas.c.site))
    .where(files.c.version_id.in_(_THESE))
    .order_by(files.c.version_id, files.c.position, replicas.c.site)
)
_CHECKS = CHECKS.where(quality_checks.c.version_id.in_(_THESE)).order_by(
    quality_checks.c.version_id, quality_checks.c.file, quality_checks.c.name
)
_SAID = (
    VERSION.add_columns(supersessions.c.version_id.label("former"))
    .join(supersessions, supersessions.c.by_id == versions.c.id)
    .where(supersessions.c.version_id.in_(_THESE), versions.c.state != RecordState.WITHDRAWN.value, MAY_SEE)
)
_LINES = (
    select(versions, PUBLIC.label("public"))
    .join(records, versions.c.record_id == records.c.id)
    .where(versions.c.record_id.in_(_THESE), MAY_SEE)
    .order_by(versions.c.record_id, versions.c.number.desc())
)


class WholeRecords:
    """Read records with their files, metadata, copies, checks and versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def find(
        self, connection: Connection, names: Sequence[RecordName], principal_id: str
    ) -> tuple[WholeRecord | None, ...]:
        """Read some records in the order of their names; None alike for what is not there and for what is not seen."""
        named = [visible_version(connection, name, principal_id) for name in names]
        found = iter(_whole(connection, [one for one in named if one is not None], principal_id))
        return tuple(None if one is None else next(found) for one in named)

    @reads
    def public(
        self, connection: Connection, *, limit: int, after: str | None = None, since: float = 0.0
    ) -> tuple[tuple[WholeRecord, ...], str | None, float]:
        """List what everybody may see, newest first: of each record the newest version, or its tombstone.

        Parameters
        ----------
        limit
            Most records of one page.
        after
            What the page before returned; None for the first page.
        since
            Only records of which a version came to be public, or was withdrawn, since then; 0: all.

        Returns
        -------
        tuple
            The records; what to give as ``after``, None after the last page; and the time by the catalog's clock.
        """
        shown, given = SEEN, {"principal": NOBODY, "limit": _checked(limit) + 1}
        if since:
            shown, given = shown.where(records.c.id.in_(_NEWS)), given | {"since": since}
        if after is not None:
            shown, given = shown.where(records.c.id < bindparam("after")), given | {"after": after}
        page = newest_of(shown)
        moment = float(connection.execute(select(CatalogClock())).scalar_one())
        return (*_page(connection, page, given, NOBODY, limit, lambda one: one.record_id), moment)

    @reads
    def own(
        self, connection: Connection, principal_id: str, *, limit: int, after: str | None = None, since: float = 0.0
    ) -> tuple[tuple[WholeRecord, ...], str | None]:
        """List the versions of somebody's projects that were deposited since then, the latest first."""
        page, given = _OWN_PAGE, {"principal": principal_id, "limit": _checked(limit) + 1, "since": since}
        if after is not None:
            page, given = page.where(versions.c.id < bindparam("after")), given | {"after": after}
        return _page(connection, page, given, principal_id, limit, lambda one: one.version_id)


def _checked(limit: int) -> int:
    if limit < 1:
        raise ArgumentError(f"a page of {limit} records holds nothing", remedy="give a limit of at least 1")
    return limit


def _page(
    connection: Connection,
    page: Select[Any],
    given: dict[str, Any],
    principal_id: str,
    limit: int,
    mark: Callable[[RecordVersion], str],
) -> tuple[tuple[WholeRecord, ...], str | None]:
    rows = connection.execute(page, given).all()
    found = [version_of(row) for row in rows[:limit]]
    return _whole(connection, found, principal_id), mark(found[-1]) if len(rows) > limit else None


def _whole(connection: Connection, found: Sequence[RecordVersion], principal_id: str) -> tuple[WholeRecord, ...]:
    """Read all that is known of versions that the principal may see; a tombstone says little."""
    if not found:
        return ()

    def gathered(wanted: Select[Any], these: set[str], key: str, value: Callable[[Any], T]) -> dict[str, list[T]]:
        by: dict[str, list[T]] = defaultdict(list)
        for row in connection.execute(wanted, {"these": list(these), "principal": principal_id}) if these else ():
            by[getattr(row, key)].append(value(row))
        return by

    told = {one.version_id for one in found if one.state is not RecordState.WITHDRAWN}
    its_files = gathered(_FILES, told, "version_id", file_of)
    claims = gathered(_CLAIMS, told, "id", lambda row: json.loads(row.claims))
    copies = gathered(_REPLICAS, told, "version_id", _copy_of)
    checks = gathered(_CHECKS, told, "version_id", check_of)
    latter = gathered(_SAID, {one.version_id for one in found}, "former", lambda row: f"{row.accession}.v{row.number}")
    lines = gathered(_LINES, {one.record_id for one in found}, "record_id", _line_of)
    return tuple(
        _of_one(one, its_files[one.version_id], claims, copies, checks, latter, lines[one.record_id]) for one in found
    )


def _of_one(
    version: RecordVersion,
    its_files: Sequence[FileObject],
    claims: dict[str, list[dict[str, Any]]],
    copies: dict[str, list[tuple[str, str, ReplicaState]]],
    checks: dict[str, list[QualityCheck]],
    latter: dict[str, list[str]],
    lines: Sequence[VersionLine],
) -> WholeRecord:
    name = version.version_id
    newer = [one.number for one in lines if one.number > version.number and one.state is not RecordState.WITHDRAWN]
    by = latter[name][0] if latter[name] else f"{version.accession}.v{max(newer)}" if newer else None
    return WholeRecord(
        replace(version, files=tuple(its_files), superseded_by=by),
        metadata_of(its_files, claims[name][0] if claims[name] else {}),
        tuple(copies[name]),
        tuple(checks[name]),
        tuple(lines[:VERSIONS_LIMIT]),
    )


def _copy_of(row: Any) -> tuple[str, str, ReplicaState]:
    return row.name, row.site, ReplicaState.INTERMEDIATE if row.coming else ReplicaState(row.state)


def _line_of(row: Any) -> VersionLine:
    state = RecordState(row.state)
    shown = RecordState.EMBARGOED if state is RecordState.PUBLISHED and not row.public else state
    return VersionLine(row.number, shown, row.title, row.created, row.public_from, row.withdrawn)
