"""Versions of records and their files: who sees them, and how rows become values."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select

from fomrepo.catalog.clock import CatalogClock
from fomrepo.catalog.tables import files, members, principals, projects, records, supersessions, versions
from fomrepo.errors import NotFoundError
from fomrepo.model.files import FileObject, RecordName, RecordState, RecordVersion, refuse_withdrawn

#: Whether an embargo, if there was one, has ended by the catalog's clock.
PUBLIC = versions.c.public_from <= CatalogClock()

#: Everybody sees what is public by now, tombstones included; members see what is their project's. Binds
#: ``principal``, an id. There is no other rule: all that shows something of a version asks this one.
MAY_SEE = or_(
    PUBLIC,
    select(members.c.project_id)
    .where(members.c.project_id == records.c.project_id, members.c.principal_id == bindparam("principal"))
    .correlate_except(members)
    .exists(),
)

#: Versions with the names that their ids stand for.
VERSION: Select[Any] = (
    select(
        records.c.id,
        versions.c.id.label("version_id"),
        records.c.accession,
        versions.c.number,
        versions.c.is_current,
        versions.c.state,
        versions.c.title,
        projects.c.name.label("project"),
        records.c.name,
        principals.c.name.label("owner"),
        versions.c.created,
        versions.c.licence,
        versions.c.public_from,
        versions.c.withdrawn,
        versions.c.reason,
        PUBLIC.label("public"),
    )
    .join_from(versions, records, versions.c.record_id == records.c.id)
    .join(projects, records.c.project_id == projects.c.id)
    .join(principals, versions.c.owner_id == principals.c.id)
)

#: Of several versions the newest one first; tombstones last, so that they are found where there is nothing else.
NEWEST_FIRST = (versions.c.state == RecordState.WITHDRAWN.value, versions.c.number.desc())

#: Ids of the newest records of which somebody sees a version. A page is chosen in this way before anything is joined to
#: it: PostgreSQL would join all records first.
SEEN: Select[Any] = (
    select(records.c.id)
    .where(select(versions.c.id).where(versions.c.record_id == records.c.id, MAY_SEE).correlate(records).exists())
    .order_by(records.c.id.desc())
    .limit(bindparam("limit"))
)

#: Id of the version of a record that its bare name means to somebody; of a select that has ``records``.
_NEWEST_VISIBLE = (
    select(versions.c.id)
    .where(versions.c.record_id == records.c.id, MAY_SEE)
    .order_by(*NEWEST_FIRST)
    .limit(1)
    .correlate(records)
    .scalar_subquery()
)

_NEWEST = VERSION.where(MAY_SEE).order_by(*NEWEST_FIRST).limit(1)
_BY_ACCESSION = _NEWEST.where(records.c.accession == bindparam("accession"))
_BY_NUMBER = _BY_ACCESSION.where(versions.c.number == bindparam("number"))
_BY_PATH = _NEWEST.where(projects.c.name == bindparam("project"), records.c.name == bindparam("name"))
_BY_ID = VERSION.where(versions.c.id == bindparam("version"))
_SAID = VERSION.join(supersessions, supersessions.c.by_id == versions.c.id).where(
    supersessions.c.version_id == bindparam("version"), versions.c.state != RecordState.WITHDRAWN.value, MAY_SEE
)
_NEWER = (
    select(func.max(versions.c.number))
    .join_from(versions, records, versions.c.record_id == records.c.id)
    .where(
        versions.c.record_id == bindparam("record"),
        versions.c.number > bindparam("number"),
        versions.c.state != RecordState.WITHDRAWN.value,
        MAY_SEE,
    )
)
_NEXT_PUBLIC = select(func.min(versions.c.public_from) - bindparam("since")).where(
    versions.c.record_id == bindparam("record"), versions.c.public_from > bindparam("since")
)
_FILES = select(files).where(files.c.version_id == bindparam("version")).order_by(files.c.position)
_MEMBERSHIP = (
    select(members.c.project_id)
    .join(records, records.c.project_id == members.c.project_id)
    .join(versions, versions.c.record_id == records.c.id)
    .where(versions.c.id == bindparam("version"), members.c.principal_id == bindparam("principal"))
)


def newest_of(these: Select[Any]) -> Select[Any]:
    """Of some records, by their ids, the version that their bare names mean to somebody; the newest record first."""
    return VERSION.where(records.c.id.in_(these), versions.c.id == _NEWEST_VISIBLE).order_by(records.c.id.desc())


def may_change(connection: Connection, version_id: str, principal_id: str) -> bool:
    """Whether somebody is a member of the version's project: only members decide anything about a record."""
    return connection.execute(_MEMBERSHIP, {"version": version_id, "principal": principal_id}).first() is not None


def visible_version(connection: Connection, name: RecordName, principal_id: str) -> RecordVersion | None:
    """Find the version that a name means to somebody, without its files.

    A name without a version means the newest version that they may see and that is not withdrawn; if there is none,
    the newest tombstone.
    """
    if name.path is not None:
        row = connection.execute(
            _BY_PATH, {"project": name.path[0], "name": name.path[1], "principal": principal_id}
        ).first()
    elif name.version is not None:
        row = connection.execute(
            _BY_NUMBER, {"accession": name.accession, "number": name.version, "principal": principal_id}
        ).first()
    else:
        row = connection.execute(_BY_ACCESSION, {"accession": name.accession, "principal": principal_id}).first()
    return None if row is None else version_of(row)


def readable_version(connection: Connection, name: RecordName, principal_id: str) -> RecordVersion:
    """Find the version that a name means to somebody, without its files, if its files may be read.

    Raises
    ------
    NotFoundError
        Alike for what does not exist and for what they may not see.
    WithdrawnError
        If it was withdrawn.
    """
    version = visible_version(connection, name, principal_id)
    if version is None:
        raise NotFoundError(f"no record {name} that you may see", remedy="see what is there: fomrepo ls")
    refuse_withdrawn(version)
    return version


def seconds_as_it_is(connection: Connection, version: RecordVersion, since: float) -> float:
    """Seconds until the clock alone makes a version of the same record public: its name may then mean another.

    Parameters
    ----------
    connection
        Of the snapshot.
    version
        As it was read.
    since
        By the catalog's clock, before it was read; it goes on between two statements (SQLite).
    """
    left: float | None = connection.scalar(_NEXT_PUBLIC, {"record": version.record_id, "since": since})
    return math.inf if left is None else left


def superseding(connection: Connection, version: RecordVersion, principal_id: str) -> str | None:
    """What took the place of a version, as far as somebody may see that: ``FOM-402917.v2``; None if nothing did.

    What was said to take its place goes before newer versions of the same record.
    """
    said = connection.execute(_SAID, {"version": version.version_id, "principal": principal_id}).first()
    if said is not None:
        return f"{said.accession}.v{said.number}"
    given = {"record": version.record_id, "number": version.number, "principal": principal_id}
    newer = connection.scalar(_NEWER, given)
    return None if newer is None else f"{version.accession}.v{newer}"


def version_by_id(connection: Connection, version_id: str) -> RecordVersion:
    """Read a version that exists, with its files."""
    row = connection.execute(_BY_ID, {"version": version_id}).one()
    return version_of(row, files_of_version(connection, version_id))


def files_of_version(connection: Connection, version_id: str) -> tuple[FileObject, ...]:
    """Files of a version, in the order in which they were deposited."""
    return tuple(file_of(row) for row in connection.execute(_FILES, {"version": version_id}))


def version_of(row: Row[Any], its_files: Sequence[FileObject] = ()) -> RecordVersion:
    """Value of a row of ``VERSION``; a tombstone has no files."""
    state = RecordState(row.state)
    if state is RecordState.PUBLISHED and not row.public:
        state = RecordState.EMBARGOED
    return RecordVersion(
        record_id=row.id,
        version_id=row.version_id,
        accession=row.accession,
        number=row.number,
        current=row.is_current,
        state=state,
        title=row.title,
        project=row.project,
        name=row.name,
        owner=row.owner,
        created=row.created,
        files=() if state is RecordState.WITHDRAWN else tuple(its_files),
        licence=row.licence,
        public_from=row.public_from,
        withdrawn=row.withdrawn,
        reason=row.reason or "",
    )


def file_of(row: Row[Any]) -> FileObject:
    """Value of a row of ``files``."""
    return FileObject(
        id=row.id,
        name=row.name,
        file_type=row.file_type,
        digest=row.digest,
        size=row.size,
        facts=json.loads(row.facts),
        topology=row.topology,
        offsets_digest=row.offsets_digest,
    )
