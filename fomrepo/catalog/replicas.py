"""Copies of files at sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.replica_rows import put_good_replica, put_version, replica_of
from fomrepo.catalog.tables import file_places, files, placements, replicas, result_sources, results, versions
from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint

_GOOD = select(replicas.c.site, replicas.c.digest).where(
    replicas.c.digest.in_(bindparam("digests", expanding=True)), replicas.c.state == ReplicaState.GOOD.value
)
_OF_INPUTS = (
    select(replicas, placements.c.version_id)
    .join_from(replicas, placements, placements.c.site == replicas.c.site)
    .where(
        replicas.c.digest.in_(bindparam("digests", expanding=True)),
        placements.c.version_id.in_(bindparam("versions", expanding=True)),
        placements.c.coming.is_not(True),
    )
)
_GET = select(replicas).where(replicas.c.digest == bindparam("digest"), replicas.c.site == bindparam("site"))
_HELD = select(replicas).where(
    replicas.c.digest.in_(bindparam("digests", expanding=True)), replicas.c.site == bindparam("site")
)
_STAND_INS = (
    select(file_places.c.path, file_places.c.guard, file_places.c.handed_by)
    .distinct()
    .where(file_places.c.digest == bindparam("digest"), file_places.c.site == bindparam("site"))
    .order_by(file_places.c.path)
)
_PLACED = select(placements.c.version_id, placements.c.site).where(
    placements.c.version_id.in_(bindparam("versions", expanding=True)), placements.c.coming.is_not(True)
)
_wanted, _wanted_version = files.alias("wanted"), versions.alias("wanted_version")
_PLACED_CONTENT = (
    select(_wanted.c.digest)
    .distinct()
    .join_from(_wanted, _wanted_version, _wanted.c.version_id == _wanted_version.c.id)
    .join(versions, versions.c.record_id == _wanted_version.c.record_id)
    .join(files, (files.c.version_id == versions.c.id) & (files.c.digest == _wanted.c.digest))
    .join(placements, placements.c.version_id == versions.c.id)
    .where(_wanted.c.version_id == bindparam("version"), placements.c.site == bindparam("site"))
)


class Replicas:
    """Which site holds which bytes, and whether they can be trusted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def good(self, connection: Connection, digests: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """For each site that holds any, those of the digests of which it holds good replicas."""
        held: dict[str, tuple[str, ...]] = {}
        for site, digest in connection.execute(_GOOD, {"digests": list(digests)}):
            held[site] = (*held.get(site, ()), digest)
        return held

    @reads
    def of_inputs(
        self, connection: Connection, principal_id: str, inputs: Sequence[tuple[str, Sequence[str]]]
    ) -> tuple[Replica, ...]:
        """List the replicas of objects at the sites where their versions were put, whatever their states.

        Parameters
        ----------
        principal_id
            Who asks; nobody is answered faster because somebody else has asked.
        inputs
            Pairs of a version's id and the digests of objects that are read of it. Where somebody else has put the
            same bytes is left out.
        """
        wanted = frozenset((version_id, digest) for version_id, digests in inputs for digest in digests)

        def read() -> tuple[Replica, ...]:
            given = {"versions": list({one for one, _ in wanted}), "digests": list({one for _, one in wanted})}
            rows = connection.execute(_OF_INPUTS, given)
            found = {(row.digest, row.site): row for row in rows if (row.version_id, row.digest) in wanted}
            return tuple(replica_of(row) for row in found.values())

        return self._database.remembered(("replicas", principal_id, wanted), read)

    @reads
    def get(self, connection: Connection, site: str, digest: str) -> Replica | None:
        """Find a site's replica, whatever its state."""
        row = connection.execute(_GET, {"digest": digest, "site": site}).first()
        return None if row is None else replica_of(row)

    @reads
    def held(self, connection: Connection, site: str, digests: Iterable[str]) -> Mapping[str, Replica]:
        """Find a site's replicas of several objects, whatever their states."""
        rows = connection.execute(_HELD, {"digests": list(digests), "site": site})
        return {row.digest: replica_of(row) for row in rows}

    @reads
    def of_site(self, connection: Connection, site: str) -> tuple[Replica, ...]:
        """List all replicas of a site, by digest."""
        rows = connection.execute(select(replicas).where(replicas.c.site == site).order_by(replicas.c.digest))
        return tuple(replica_of(row) for row in rows)

    @reads
    def in_place(self, connection: Connection, site: str) -> tuple[Replica, ...]:
        """List a site's copies in place whatever their states, the one first that was not read for the longest time."""
        found = select(replicas).where(replicas.c.site == site, replicas.c.path.is_not(None))
        rows = connection.execute(found.order_by(replicas.c.checked, replicas.c.digest))
        return tuple(replica_of(row) for row in rows)

    @reads
    def stand_ins(self, connection: Connection, site: str, digest: str) -> tuple[Place, ...]:
        """List where else files with the same bytes were registered at a site; none of them was read lately."""
        rows = connection.execute(_STAND_INS, {"digest": digest, "site": site})
        return tuple(Place(row.path, Guard(row.guard), row.handed_by, 0.0) for row in rows)

    @reads
    def guards(self, connection: Connection, version_id: str) -> Mapping[tuple[str, str], Guard]:
        """Guards of a version's files in place, by file name and site, whatever copy of the bytes a site reads."""
        found = select(files.c.name, file_places.c.site, file_places.c.guard).join_from(
            files,
            file_places,
            (file_places.c.version_id == files.c.version_id) & (file_places.c.digest == files.c.digest),
        )
        rows = connection.execute(found.where(files.c.version_id == version_id))
        return {(name, site): Guard(guard) for name, site, guard in rows}

    @reads
    def of_version(self, connection: Connection, version_id: str) -> tuple[tuple[str, str, ReplicaState], ...]:
        """List file name, site and state of the replicas of a version's files, in the order of the files.

        Sites that hold the same bytes for another record are left out: that is nobody else's business. For the same
        reason a version that is still coming to a site has no good file there.
        """
        rows = connection.execute(
            select(files.c.name, replicas.c.site, replicas.c.state, placements.c.coming)
            .join_from(files, replicas, files.c.digest == replicas.c.digest)
            .join(placements, (placements.c.version_id == version_id) & (placements.c.site == replicas.c.site))
            .where(files.c.version_id == version_id)
            .order_by(files.c.position, replicas.c.site)
        )
        return tuple(
            (name, site, ReplicaState.INTERMEDIATE if coming else ReplicaState(state))
            for name, site, state, coming in rows
        )

    @reads
    def placed(self, connection: Connection, version_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Sites where versions were put, by the ids of the versions."""
        found: dict[str, frozenset[str]] = dict.fromkeys(version_ids, frozenset())
        for version_id, site in connection.execute(_PLACED, {"versions": list(found)}):
            found[version_id] |= {site}
        return found

    @reads
    def placed_content(self, connection: Connection, version_id: str, site: str) -> frozenset[str]:
        """Digests of a version's files that were put at a site with some version of the same record, or began to."""
        return frozenset(connection.scalars(_PLACED_CONTENT, {"version": version_id, "site": site}))

    @writes
    def coming(self, connection: Connection, version_id: str, site: str) -> None:
        """Note that a version is on its way to a site; nothing happens if it is there."""
        put_version(connection, self._database, version_id, site, coming=True)

    @writes
    def place(self, connection: Connection, version_id: str, site: str) -> None:
        """Note that all files of a version were put at a site; nothing happens if that is known."""
        put_version(connection, self._database, version_id, site)

    @writes
    def begin(self, connection: Connection, site: str, digest: str) -> None:
        """Announce a copy that nobody may read yet; a good replica stays as it is."""
        connection.execute(
            self._database.insert(replicas)
            .values(
                site=site,
                digest=digest,
                state=ReplicaState.INTERMEDIATE.value,
                generation=0,
                device=0,
                inode=0,
                size=0,
                mtime_ns=0,
                ctime_ns=0,
            )
            .on_conflict_do_update(
                index_elements=[replicas.c.digest, replicas.c.site],
                set_={"state": ReplicaState.INTERMEDIATE.value},
                where=replicas.c.state != ReplicaState.GOOD.value,
            )
        )

    @writes
    def finish(
        self,
        connection: Connection,
        site: str,
        digest: str,
        fingerprint: StatFingerprint,
        place: Place | None = None,
    ) -> None:
        """Make a copy good whose every byte was verified; its generation counts up.

        Parameters
        ----------
        site, digest
            Which copy.
        fingerprint
            Of the file whose bytes were verified.
        place
            Where it lies in place; None: it is an object of the site's vault.
        """
        put_good_replica(connection, self._database, site, digest, fingerprint, place)

    @writes
    def checked(self, connection: Connection, site: str, digest: str, moment: float) -> None:
        """Note that all bytes of a copy in place were read again and are right; nothing else changes."""
        connection.execute(
            update(replicas)
            .where(replicas.c.site == site, replicas.c.digest == digest, replicas.c.path.is_not(None))
            .values(checked=moment)
        )

    @writes
    def spoil(self, connection: Connection, site: str, digest: str, state: ReplicaState) -> tuple[str, ...]:
        """Mark a replica as stale or bad, and drop every result that this site computed from it.

        The row of the replica is changed first: a result that is being committed at the same moment either comes
        before that, and is dropped here, or finds the generation changed.

        Returns
        -------
        tuple of str
            Blobs of the dropped results, for the site's cache to delete.
        """
        connection.execute(
            update(replicas)
            .where(replicas.c.site == site, replicas.c.digest == digest)
            .values(state=state.value, generation=replicas.c.generation + 1)
        )
        tainted = select(result_sources.c.key).where(result_sources.c.site == site, result_sources.c.digest == digest)
        dropped = connection.execute(
            delete(results).where(results.c.site == site, results.c.key.in_(tainted)).returning(results.c.blob)
        )
        return tuple(sorted(dropped.scalars()))
