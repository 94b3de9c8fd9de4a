"""Rows of replicas as values, and the one way in which a replica becomes good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from fomrepo.catalog.database import Database
from fomrepo.catalog.tables import file_places, placements, replicas
from fomrepo.model.deposits import AcceptedFile
from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint


def put_good_replica(
    connection: Connection,
    database: Database,
    site: str,
    digest: str,
    fingerprint: StatFingerprint,
    place: Place | None = None,
) -> None:
    """Make a site's replica good, whatever it was before. Its generation counts up: it is another copy now."""
    values = {
        "state": ReplicaState.GOOD.value,
        "device": fingerprint.device,
        "inode": fingerprint.inode,
        "size": fingerprint.size,
        "mtime_ns": fingerprint.mtime_ns,
        "ctime_ns": fingerprint.ctime_ns,
        "path": None if place is None else place.path,
        "guard": None if place is None else place.guard.value,
        "handed_by": None if place is None else place.handed_by,
        "checked": None if place is None else place.checked,
    }
    connection.execute(
        database.insert(replicas)
        .values(site=site, digest=digest, generation=1, **values)
        .on_conflict_do_update(
            index_elements=[replicas.c.digest, replicas.c.site],
            set_=values | {"generation": replicas.c.generation + 1},
        )
    )


def put_version(
    connection: Connection, database: Database, version_id: str, site: str, *, coming: bool | None = None
) -> None:
    """Note at which site all files of a version were put, or are ``coming``; where they are, nothing is coming."""
    put = database.insert(placements).values(version_id=version_id, site=site, coming=coming)
    if coming:
        connection.execute(put.on_conflict_do_nothing())
    else:
        there = [placements.c.version_id, placements.c.site]
        connection.execute(put.on_conflict_do_update(index_elements=there, set_={"coming": None}))


def put_places(
    connection: Connection, database: Database, version_id: str, site: str, files: Iterable[AcceptedFile]
) -> None:
    """Note where files of a version lie that were registered in place; of two with the same bytes, the first."""
    for file in files:
        if file.place is not None:
            put = database.insert(file_places).values(
                version_id=version_id,
                site=site,
                digest=file.digest,
                path=file.place.path,
                guard=file.place.guard.value,
                handed_by=file.place.handed_by,
            )
            connection.execute(put.on_conflict_do_nothing())


def replica_of(row: Row[Any]) -> Replica:
    """Value of a row of ``replicas``."""
    return Replica(
        site=row.site,
        digest=row.digest,
        state=ReplicaState(row.state),
        generation=row.generation,
        fingerprint=StatFingerprint(row.device, row.inode, row.size, row.mtime_ns, row.ctime_ns),
        place=None if row.path is None else Place(row.path, Guard(row.guard), row.handed_by, row.checked),
    )
