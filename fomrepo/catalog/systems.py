"""Which records are similar: found by digests and fingerprints, shown only as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, bindparam, insert, select

from fomrepo.catalog.database import Database, reads
from fomrepo.catalog.tables import files, metadata_terms, records, systems, versions
from fomrepo.catalog.versions import MAY_SEE, VERSION, readable_version, version_of
from fomrepo.model.deposits import AcceptedFile
from fomrepo.model.files import RecordName, RecordState
from fomrepo.model.systems import Likeness, SimilarRecord, fingerprints

#: Most similar records that are listed; who has more of them has a series.
LISTED = 50

_CONDITIONS = {"force_fields": Likeness.FORCE_FIELD, "target_temperature": Likeness.TEMPERATURE}

_OF_OTHERS = and_(versions.c.record_id != bindparam("record"), versions.c.state != RecordState.WITHDRAWN.value, MAY_SEE)
_mine, _my_systems = files.alias("mine"), systems.alias("my_systems")
_SAME_CONTENT = (
    select(versions.c.id, _mine.c.name.label("file"), files.c.name.label("other"))
    .join_from(_mine, files, files.c.digest == _mine.c.digest)
    .join(versions, files.c.version_id == versions.c.id)
    .join(records, versions.c.record_id == records.c.id)
    .where(_mine.c.version_id == bindparam("version"), _OF_OTHERS)
    .order_by(versions.c.id, _mine.c.position, files.c.position)
)
_SAME_SYSTEM = (
    select(versions.c.id, systems.c.aspect)
    .join_from(
        _my_systems,
        systems,
        and_(systems.c.aspect == _my_systems.c.aspect, systems.c.fingerprint == _my_systems.c.fingerprint),
    )
    .join(versions, systems.c.version_id == versions.c.id)
    .join(records, versions.c.record_id == records.c.id)
    .where(_my_systems.c.version_id == bindparam("version"), _OF_OTHERS)
    .distinct()
)
_THEM = VERSION.where(versions.c.id.in_(bindparam("found", expanding=True)))
_TERMS = select(
    metadata_terms.c.version_id, metadata_terms.c.name, metadata_terms.c.number, metadata_terms.c.text
).where(metadata_terms.c.version_id.in_(bindparam("found", expanding=True)), metadata_terms.c.name.in_(_CONDITIONS))


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
        given = {"version": mine.version_id, "record": mine.record_id, "principal": principal_id}
        same: dict[str, set[Likeness]] = {}
        contents: dict[str, list[tuple[str, str]]] = {}
        for found, file, other in connection.execute(_SAME_CONTENT, given):
            same.setdefault(found, set()).add(Likeness.CONTENT)
            contents.setdefault(found, []).append((file, other))
        for found, aspect in connection.execute(_SAME_SYSTEM, given):
            same.setdefault(found, set()).add(Likeness(aspect))
        order = list(Likeness)
        ranked = {found: sorted(likenesses, key=order.index) for found, likenesses in same.items()}
        nearest = sorted(ranked, reverse=True)  # the newest first
        nearest.sort(key=lambda one: [order.index(likeness) for likeness in ranked[one]])
        rows = {row.version_id: row for row in connection.execute(_THEM, {"found": nearest})} if nearest else {}
        newest: dict[str, str] = {}
        for one in nearest:
            row = rows[one]
            if row.id not in newest or rows[newest[row.id]].number < row.number:
                newest[row.id] = one
        listed = [one for one in nearest if newest[rows[one].id] == one][:LISTED]
        shared = _shared_conditions(connection, mine.version_id, listed)
        return tuple(
            SimilarRecord(version_of(rows[one]), (*ranked[one], *shared.get(one, ())), tuple(contents.get(one, ())))
            for one in listed
        )


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
