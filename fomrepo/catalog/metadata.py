"""What is known of versions under global names: kept as facts and claims, indexed to be searched for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import metadata_terms, records, versions
from fomrepo.catalog.versions import MAY_SEE, VERSION, files_of_version, may_change, version_of
from fomrepo.errors import ConflictError, NotAllowedError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.files import RecordState, RecordVersion
from fomrepo.model.metadata import Described, Metadata, folded, index_rows, metadata_of

#: Versions that are indexed again in one transaction.
INDEXED_AT_ONCE = 100
#: Most conditions of one search.
CONDITIONS_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Condition:
    """What a record must have under a name."""

    #: A global name, or the program's own: ``GROMACS.nstlist``.
    name: str
    #: Bounds of a number in the unit of the name, inclusive; None: no bound.
    lowest: float | None = None
    highest: float | None = None
    #: Text that is looked for as it is compared, without case and punctuation; None: any.
    text: str | None = None


def index_version(
    connection: Connection, version_id: str, files: Iterable[Described], claims: Mapping[str, Any]
) -> None:
    """Make what is known of a version findable, in the place of what was before."""
    connection.execute(delete(metadata_terms).where(metadata_terms.c.version_id == version_id))
    rows = [
        {
            "version_id": version_id,
            "position": position,
            "name": name,
            "origin": origin,
            "file": file,
            "number": number,
            "text": text,
        }
        for position, (name, origin, file, number, text) in enumerate(index_rows(metadata_of(files, claims)))
    ]
    if rows:
        connection.execute(insert(metadata_terms), rows)


class RecordMetadata:
    """Facts and claims of versions under global names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def of_version(self, connection: Connection, version_id: str) -> Metadata:
        """Read all that is known of a version; who may see it was decided before."""
        return metadata_of(files_of_version(connection, version_id), _claims(connection, version_id))

    @writes
    def claim(
        self, connection: Connection, version: RecordVersion, principal_id: str, changes: Mapping[str, Any]
    ) -> Metadata:
        """Change what the depositor says of a version that is still private.

        Parameters
        ----------
        version
            Which one.
        principal_id
            Who changes it.
        changes
            Values by name, as they were checked; None takes a claim back.

        Raises
        ------
        NotAllowedError
            If the principal is no member of the record's project.
        ConflictError
            If the version is published or withdrawn.
        """
        if not may_change(connection, version.version_id, principal_id):
            raise NotAllowedError(
                f"only members of the project {version.project!r} may say what {version.accession} is",
                remedy=f"ask its owner, {version.owner}, or a member of the project to add you",
            )
        state = connection.scalar(select(versions.c.state).where(versions.c.id == version.version_id).with_for_update())
        if state != RecordState.PRIVATE.value:
            raise ConflictError(
                f"{version.accession}.v{version.number} is {state}, so what was said of it does not change",
                remedy=f"deposit a new version: fomrepo deposit FILES --new-version-of {version.accession}",
            )
        claims = {**_claims(connection, version.version_id), **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        connection.execute(
            update(versions).where(versions.c.id == version.version_id).values(claims=canonical_json(kept).decode())
        )
        files = files_of_version(connection, version.version_id)
        index_version(connection, version.version_id, files, kept)
        return metadata_of(files, kept)

    def index_again(self) -> int:
        """Make all versions findable anew, as after an upgrade to a program that knows more names; returns how many."""
        count, last = 0, ""
        while indexed := self._index_after(last):
            count, last = count + len(indexed), indexed[-1]
        return count

    @writes
    def _index_after(self, connection: Connection, last: str) -> list[str]:
        wanted = select(versions.c.id).where(versions.c.id > last).order_by(versions.c.id).limit(INDEXED_AT_ONCE)
        ids = list(connection.scalars(wanted))
        for one in ids:
            index_version(connection, one, files_of_version(connection, one), _claims(connection, one))
        return ids

    @reads
    def find(
        self, connection: Connection, principal_id: str, conditions: Sequence[Condition], *, limit: int
    ) -> tuple[RecordVersion, ...]:
        """Find records that meet all conditions and that somebody may see: of each the newest such version."""
        wanted = VERSION.where(MAY_SEE, versions.c.state != RecordState.WITHDRAWN.value, *map(_meets, conditions))
        rows = connection.execute(
            wanted.order_by(records.c.id.desc(), versions.c.number.desc()), {"principal": principal_id}
        )
        found: dict[str, RecordVersion] = {}
        for row in rows:
            found.setdefault(row.id, version_of(row))
            if len(found) > limit:
                break
        return tuple(found.values())[:limit]


def _meets(condition: Condition) -> ColumnElement[bool]:
    terms = metadata_terms.c
    asked = [terms.version_id == versions.c.id, terms.name == condition.name]
    if condition.lowest is not None:
        asked.append(terms.number >= condition.lowest)
    if condition.highest is not None:
        asked.append(terms.number <= condition.highest)
    if condition.text is not None:
        asked.append(terms.text == folded(condition.text))
    return exists().where(*asked)


def _claims(connection: Connection, version_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        connection.scalar(select(versions.c.claims).where(versions.c.id == version_id)) or "{}"
    )
    return found
