"""Records, as those find them who may see them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, bindparam

from fomrepo.catalog.database import Database, reads
from fomrepo.catalog.tables import records
from fomrepo.catalog.versions import (
    SEEN,
    files_of_version,
    newest_of,
    superseding,
    version_of,
    visible_version,
)
from fomrepo.errors import ArgumentError
from fomrepo.model.files import RecordName, RecordState, RecordVersion

_PAGE = newest_of(SEEN)
_NEXT_PAGE = newest_of(SEEN.where(records.c.id < bindparam("after")))


class Records:
    """Read records. They come into being by ``deposits.accept`` only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def find(self, connection: Connection, name: RecordName, principal_id: str) -> RecordVersion | None:
        """Find a record by accession or path, with its files.

        Returns
        -------
        RecordVersion or None
            The version that is named, else the newest one that the principal may see, a tombstone only if there is
            nothing else. None alike for what does not exist and for what they may not see.
        """
        version = visible_version(connection, name, principal_id)
        if version is None:
            return None
        return replace(
            version,
            files=() if version.state is RecordState.WITHDRAWN else files_of_version(connection, version.version_id),
            superseded_by=superseding(connection, version, principal_id),
        )

    @reads
    def page(
        self, connection: Connection, principal_id: str, *, limit: int, after: str | None = None
    ) -> tuple[tuple[RecordVersion, ...], str | None]:
        """List the records that somebody may see, newest first, without their files.

        Parameters
        ----------
        principal_id
            Who asks.
        limit
            Most records of one page.
        after
            What the page before returned; None for the first page.

        Returns
        -------
        tuple
            The records of this page, and what to give as ``after`` for the next one; None after the last one.
        """
        if limit < 1:
            raise ArgumentError(f"a page of {limit} records holds nothing", remedy="give a limit of at least 1")
        given = {"principal": principal_id, "limit": limit + 1}
        if after is None:
            rows = connection.execute(_PAGE, given).all()
        else:
            rows = connection.execute(_NEXT_PAGE, given | {"after": after}).all()
        found = tuple(version_of(row) for row in rows[:limit])
        return found, found[-1].record_id if len(rows) > limit else None
