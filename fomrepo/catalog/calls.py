"""Calls: what they mean at one moment, what was computed before, and what may be kept."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, or_, select

from fomrepo.catalog.clock import CatalogClock
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.fence import fence_query, fenced_insert
from fomrepo.catalog.methods import Methods
from fomrepo.catalog.operations import ANSWERED, OPENED
from fomrepo.catalog.tables import changes, files, methods, result_sources, results
from fomrepo.catalog.versions import file_of, readable_version, seconds_as_it_is
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName
from fomrepo.model.operations import MethodRef
from fomrepo.model.results import Kept, ResolvedCall, ResolvedInput, StoredResult

_NOW = select(CatalogClock())
_chosen = files.alias("chosen")
_ITS_TOPOLOGY = (
    select(_chosen.c.topology)
    .where(_chosen.c.version_id == bindparam("version"), _chosen.c.name == bindparam("name"))
    .scalar_subquery()
)
_FILE_AND_TOPOLOGY = select(files).where(
    files.c.version_id == bindparam("version"), or_(files.c.name == bindparam("name"), files.c.name == _ITS_TOPOLOGY)
)
_FILE_NAMES = select(files.c.name).where(files.c.version_id == bindparam("version"))
_KEPT = (
    select(changes.c.number, OPENED.exists(), ANSWERED.exists(), results)
    .select_from(changes.outerjoin(results, results.c.key == bindparam("result_key")))
    .order_by(results.c.site)
)


class Calls:
    """Resolve calls, and keep the index of results."""

    def __init__(self, database: Database, methods: Methods) -> None:
        self._database = database
        self._methods = methods

    @reads
    def resolve(
        self,
        connection: Connection,
        principal_id: str,
        inputs: Sequence[tuple[RecordName, str]],
        method: MethodRef | None,
    ) -> ResolvedCall:
        """Authorise, and resolve to exact bytes.

        Parameters
        ----------
        principal_id
            Who calls.
        inputs
            Record and file name of each input.
        method
            None for a draft, which the catalog does not know.

        Returns
        -------
        ResolvedCall
            Its versions carry no list of files.

        Raises
        ------
        NotFoundError
            If the principal sees no such record, or there is no such file or method.
        WithdrawnError
            If they see that it was withdrawn.
        """
        return ResolvedCall(
            tuple(self._resolve_input(connection, principal_id, record, name) for record, name in inputs),
            None if method is None else self._resolve_method(connection, method),
        )

    @reads
    def kept(self, connection: Connection, principal_id: str, *, result_key: str, idempotency_key: str) -> Kept:
        """Look up what is kept of a call, for everybody and of its caller's own history.

        Parameters
        ----------
        principal_id
            Who calls.
        result_key
            Empty: no result is kept of such calls.
        idempotency_key
            Empty: the caller has given none.
        """
        given = {"result_key": result_key, "principal": principal_id, "idempotency_key": idempotency_key}
        rows = self._database.rows(connection, _KEPT, given)
        stored = tuple(StoredResult(*row[3:]) for row in rows if row[3] is not None)
        return Kept(stored, opened=bool(rows[0][1]), answered=bool(rows[0][2]))

    @writes
    def commit_result(
        self,
        connection: Connection,
        result: StoredResult,
        *,
        replicas: Sequence[tuple[str, int]],
        versions: Sequence[str],
        current: Sequence[str],
        method_digest: str = "",
    ) -> bool:
        """Keep a result, if what it was computed from still holds.

        Parameters
        ----------
        result
            The row to keep; an earlier row under the same key and site stays as it is.
        replicas
            Digest and generation of each object that was read at the result's site: all must still be good and of
            that generation.
        versions
            Ids of the versions that the inputs belong to: none may have been withdrawn.
        current
            Ids of those versions that must still be the current ones of their records.
        method_digest
            Of the bundle that computed it: with the bundle the result goes, as with any other of its sources.

        Returns
        -------
        bool
            False if the fence fell: the answer must not be given, the call has to be run again.
        """
        statement, given = fenced_insert(self._database, result, replicas, versions, current)
        if connection.execute(statement, given).rowcount == 0:
            return False
        digests = {digest for digest, _ in replicas} | ({method_digest} if method_digest else set())
        sources = [{"key": result.key, "site": result.site, "digest": digest} for digest in sorted(digests)]
        if sources:
            connection.execute(self._database.insert(result_sources).on_conflict_do_nothing(), sources)
        return True

    @reads
    def fence_holds(
        self,
        connection: Connection,
        site: str,
        *,
        replicas: Sequence[tuple[str, int]],
        versions: Sequence[str],
        current: Sequence[str],
    ) -> bool:
        """Whether :meth:`commit_result` would keep a result of this site now."""
        statement, given = fence_query(site, replicas, versions, current)
        return connection.execute(statement, given).first() is not None

    @writes
    def forget_method(self, connection: Connection, site: str, method_digest: str) -> tuple[str, ...]:
        """Drop all results of a site that a bundle has computed.

        Returns
        -------
        tuple of str
            Their blobs, for the site's cache to delete.
        """
        computed = select(result_sources.c.key).where(
            result_sources.c.site == site, result_sources.c.digest == method_digest
        )
        dropped = connection.execute(
            delete(results).where(results.c.site == site, results.c.key.in_(computed)).returning(results.c.blob)
        )
        return tuple(sorted(dropped.scalars()))

    @writes
    def drop_result(self, connection: Connection, key: str, site: str) -> None:
        """Forget a result, as when its blob turned out to be missing or damaged."""
        connection.execute(delete(results).where(results.c.key == key, results.c.site == site))

    def _resolve_input(self, connection: Connection, principal_id: str, record: RecordName, name: str) -> ResolvedInput:
        since: list[float] = []

        def read() -> ResolvedInput:
            since.append(connection.scalars(_NOW).one())
            return _read_input(connection, principal_id, record, name)

        return self._database.remembered(
            ("input", principal_id, record, name),
            read,
            holds_s=lambda found: seconds_as_it_is(connection, found.version, since[0]),
        )

    def _resolve_method(self, connection: Connection, method: MethodRef) -> MethodRef:
        found = self._methods.find_in(connection, method)
        if found is not None:
            return found
        published = connection.execute(select(methods.c.name, methods.c.version)).all()
        its_versions = [row.version for row in published if row.name == method.name]
        if its_versions:
            raise NotFoundError(
                f"there is no version {method.version} of the method {method.name!r}",
                remedy=f"use one of: {', '.join(its_versions)}",
            )
        raise NotFoundError(
            f"there is no method {method.name!r}", remedy=_instead(method.name, {row.name for row in published})
        )


def _read_input(connection: Connection, principal_id: str, record: RecordName, name: str) -> ResolvedInput:
    version = readable_version(connection, record, principal_id)
    rows = connection.execute(_FILE_AND_TOPOLOGY, {"version": version.version_id, "name": name})
    found = {row.name: file_of(row) for row in rows}
    if name not in found:
        names = connection.scalars(_FILE_NAMES, {"version": version.version_id}).all()
        raise NotFoundError(f"there is no file {name!r} in {record}", remedy=_instead(name, names))
    file = found[name]
    return ResolvedInput(version, file, None if file.topology is None else found[file.topology])


def _instead(given: str, there: Iterable[str]) -> str | None:
    names = sorted(there)
    close = difflib.get_close_matches(given, names, n=3) or names[:10]
    return f"use one of: {', '.join(close)}" if close else None
