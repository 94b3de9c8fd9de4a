"""Which records are similar: found by digests and fingerprints, shown only as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, bindparam, insert, select

from fomrepo.catalog.database import Database, reads
from fomrepo.catalog.tables import files, metadata_terms, records, systems, versions
from fomrepo.catalog.versions import MAY_SEE, VERSION, readable_version, version_of, visible_version
from fomrepo.model.deposits import AcceptedFile
from fomrepo.model.files import RecordName, RecordState
from fomrepo.model.systems import ComparedFile, Likeness, SimilarRecord, fingerprints

#: Most similar records that are listed; who has more of them has a series.
LISTED = 50
#: Versions that are compared for each fingerprint, the newest ones: of a favourite system there are thousands.
CANDIDATES = 2 * LISTED

_CONDITIONS = {"force_fields": Likeness.FORCE_FIELD, "target_temperature": Likeness.TEMPERATURE}

_OF_OTHERS = and_(versions.c.record_id != bindparam("record"), versions.c.state != RecordState.WITHDRAWN.value, MAY_SEE)
_OF_VERSION = select(files.c.name, files.c.digest).where(files.c.version_id == bindparam("version"))
_SYSTEMS_OF_VERSION = select(systems.c.file, systems.c.aspect, systems.c.fingerprint).where(
    systems.c.version_id == bindparam("version")
)
_SAME_CONTENT = (
    select(versions.c.id, files.c.digest, files.c.name)
    .join_from(files, versions, files.c.version_id == versions.c.id)
    .join(records, versions.c.record_id == records.c.id)
    .where(files.c.digest.in_(bindparam("digests", expanding=True)), _OF_OTHERS)
    .order_by(versions.c.id.desc(), files.c.position)
    .limit(10 * CANDIDATES)
)
_SAME_SYSTEM = (
    select(systems.c.version_id)
    .distinct()
    .join_from(systems, versions, systems.c.version_id == versions.c.id)
    .join(records, versions.c.record_id == records.c.id)
    .where(systems.c.aspect == bindparam("aspect"), systems.c.fingerprint == bindparam("fingerprint"), _OF_OTHERS)
    .order_by(systems.c.version_id.desc())
    .limit(CANDIDATES)
)
_SYSTEMS_OF_THEM = select(systems.c.version_id, systems.c.aspect, systems.c.fingerprint).where(
    systems.c.version_id.in_(bindparam("found", expanding=True))
)
_THEM = VERSION.where(versions.c.id.in_(bindparam("found", expanding=True)))
#: The name is made an expression: there is an index by names, and SQLite would read all records that state one.
_TERMS = select(
    metadata_terms.c.version_id, metadata_terms.c.name, metadata_terms.c.number, metadata_terms.c.text
).where(
    metadata_terms.c.version_id.in_(bindparam("found", expanding=True)),
    metadata_terms.c.name.concat("").in_(_CONDITIONS),
)


def index_systems(connection: Connection, version_id: str, accepted: Iterable[AcceptedFile]) -> None:
    """Keep the fingerprints of a new version's files."""
    rows = [
        {"version_id": version_id, "file": one.name, "aspect": aspect.value, "fingerprint": fingerprint}
        for one in accepted
        for aspect, fingerprint in fingerprints(one.facts)
    ]
    if rows:
        connection.execute(insert(systems), rows)


class Systems:
    """Records that are like one another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def similar(self, connection: Connection, name: RecordName, principal_id: str) -> tuple[SimilarRecord, ...]:
        """List other records that hold the same bytes or the same system, closest first, of each the newest version.

        What somebody may not see is neither listed nor counted.

        Raises
        ------
        NotFoundError, WithdrawnError
            If there is no such record that the principal may see, or it was withdrawn.
        """
        mine = readable_version(connection, name, principal_id)
        given = {"version": mine.version_id}
        known: dict[str, dict[Likeness, str]] = {}
        for file, aspect, fingerprint in connection.execute(_SYSTEMS_OF_VERSION, given):
            known.setdefault(file, {})[Likeness(aspect)] = fingerprint
        compared = [
            ComparedFile(file, digest, known.get(file, {}))
            for file, digest in connection.execute(_OF_VERSION.order_by(files.c.position), given)
        ]
        found = _like(connection, compared, principal_id, but=mine.record_id)
        shared = _shared_conditions(connection, mine.version_id, [one.version.version_id for one in found])
        return tuple(replace(one, same=(*one.same, *shared.get(one.version.version_id, ()))) for one in found)

    @reads
    def similar_to(
        self, connection: Connection, compared: Sequence[ComparedFile], principal_id: str, *, but: RecordName | None
    ) -> tuple[SimilarRecord, ...]:
        """List records that hold the same bytes or the same system as files that are no record yet.

        Parameters
        ----------
        compared
            The files, with what is known of them.
        principal_id
            What they may not see is neither listed nor counted.
        but
            A record that is not asked for.
        """
        version = None if but is None else visible_version(connection, but, principal_id)
        return tuple(_like(connection, compared, principal_id, but="" if version is None else version.record_id))


def _like(
    connection: Connection, compared: Sequence[ComparedFile], principal_id: str, *, but: str
) -> list[SimilarRecord]:
    """Records with the same bytes or the same system as some files, closest first, of each the newest version."""
    given = {"record": but, "principal": principal_id}
    named: dict[str, list[str]] = {}
    for one in compared:
        if one.digest:
            named.setdefault(one.digest, []).append(one.name)
    same: dict[str, set[Likeness]] = {}
    contents: dict[str, list[tuple[str, str]]] = {}
    for found, digest, other in connection.execute(_SAME_CONTENT, given | {"digests": list(named)}):
        same.setdefault(found, set()).add(Likeness.CONTENT)
        contents.setdefault(found, []).extend((file, other) for file in named[digest])
    candidates = set(same)
    wanted = {(aspect.value, fingerprint) for one in compared for aspect, fingerprint in one.fingerprints.items()}
    for aspect, fingerprint in wanted:
        asked = given | {"aspect": aspect, "fingerprint": fingerprint}
        candidates.update(connection.scalars(_SAME_SYSTEM, asked))
    for found, aspect, fingerprint in connection.execute(_SYSTEMS_OF_THEM, {"found": list(candidates)}):
        if (aspect, fingerprint) in wanted:
            same.setdefault(found, set()).add(Likeness(aspect))
    order = list(Likeness)
    ranked = {found: sorted(likenesses, key=order.index) for found, likenesses in same.items()}
    # A version whose record has no owner or project, as in a damaged catalog, is nobody's to see.
    rows = {row.version_id: row for row in connection.execute(_THEM, {"found": list(ranked)})} if ranked else {}
    nearest = sorted(rows, reverse=True)  # the newest first
    nearest.sort(key=lambda one: [likeness not in ranked[one] for likeness in order])
    newest: dict[str, str] = {}
    for version in nearest:
        row = rows[version]
        if row.id not in newest or rows[newest[row.id]].number < row.number:
            newest[row.id] = version
    return [
        SimilarRecord(version_of(rows[one]), tuple(ranked[one]), tuple(contents.get(one, ())))
        for one in nearest
        if newest[rows[one].id] == one
    ][:LISTED]


def _shared_conditions(connection: Connection, mine: str, others: Sequence[str]) -> dict[str, list[Likeness]]:
    """Tell which conditions other versions state as one does."""
    stated: dict[str, dict[str, set[tuple[float | None, str]]]] = {}
    if not others:
        return {}
    for row in connection.execute(_TERMS, {"found": [mine, *others]}):
        stated.setdefault(row.version_id, {}).setdefault(row.name, set()).add((row.number, row.text))
    own = stated.get(mine, {})
    return {
        one: [likeness for name, likeness in _CONDITIONS.items() if own.get(name, set()) & stated[one].get(name, set())]
        for one in others
        if one in stated
    }
