"""Sites of the federation: where they listen, and what they last said of themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import sites
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.files import check_slug
from fomrepo.model.placement import SiteLoad
from fomrepo.model.sites import SiteEntry, SiteRuns


class Sites:
    """The list of sites."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def announce(
        self, connection: Connection, name: str, *, address: str, peer_address: str, certificate_digest: str
    ) -> None:
        """Enter a site, or change where it listens. It counts as up from its first heartbeat.

        Raises
        ------
        ConflictError
            If another site has the name: one with another certificate.
        """
        where = {"address": address, "peer_address": peer_address, "certificate_digest": certificate_digest}
        unknown = {"wall": "UNKNOWN", "running": 0, "waiting": 0, "slots": 0, "environments": "[]"}
        unknown |= {"hot_runs": 0, "cold_runs": 0, "holders": 0, "held_bytes": 0}
        entered = connection.execute(
            self._database.insert(sites)
            .values(name=check_slug(name, "site"), **where, **unknown)
            .on_conflict_do_update(
                index_elements=[sites.c.name],
                set_=where,
                where=sites.c.certificate_digest == certificate_digest,
            )
        )
        if entered.rowcount != 1:
            raise ConflictError(
                f"the federation has another site named {name!r}",
                remedy="give this one another name: --name; or put its renewed certificate into secrets/site.pem",
            )

    @writes
    def renew(self, connection: Connection, name: str, *, certificate_digest: str) -> None:
        """Let a site have another certificate from its next start on.

        Raises
        ------
        NotFoundError
            If there is no such site.
        """
        found = connection.execute(
            update(sites).where(sites.c.name == name).values(certificate_digest=certificate_digest)
        )
        if found.rowcount != 1:
            raise NotFoundError(f"there is no site {name}", remedy="see who is there: fomrepo site status --home")

    @writes
    def heartbeat(
        self,
        connection: Connection,
        name: str,
        *,
        now: float,
        running: int,
        waiting: int,
        slots: int,
        wall: str,
        environments: Sequence[str],
        runs: SiteRuns = SiteRuns(),  # noqa: B008 - a frozen value
    ) -> None:
        """Note a sign of life and the load of a site that was announced.

        Parameters
        ----------
        name
            Of the site.
        now
            Seconds since 1970.
        running, waiting, slots
            Runs under way, runs that wait, runs that it can do at once.
        wall
            ``FULL``, ``NO-CGROUP`` or ``REFUSE``.
        environments
            Digests of the guest environments that it has.
        runs
            How it ran what it ran, and what it holds ready.
        """
        connection.execute(
            update(sites)
            .where(sites.c.name == name)
            .values(
                heartbeat=now,
                running=running,
                waiting=waiting,
                slots=slots,
                wall=wall,
                environments=canonical_json(sorted(environments)).decode(),
                hot_runs=runs.hot,
                cold_runs=runs.cold,
                holders=runs.holders,
                held_bytes=runs.held_bytes,
            )
        )

    @reads
    def all(self, connection: Connection, now: float) -> tuple[SiteEntry, ...]:
        """List all sites by name, with the age of what they said at the time ``now``."""
        return tuple(_entry_of(row, now) for row in connection.execute(select(sites).order_by(sites.c.name)))

    @reads
    def certificate_digest(self, connection: Connection, name: str) -> str | None:
        """Digest of the certificate that a site announced; None for an unknown site."""
        digest: str | None = connection.scalar(select(sites.c.certificate_digest).where(sites.c.name == name))
        return digest

    @writes
    def leave(self, connection: Connection, name: str) -> None:
        """Note that a site stopped: nobody asks it before its next heartbeat. Its replicas stay known."""
        connection.execute(update(sites).where(sites.c.name == name).values(heartbeat=None))


def _entry_of(row: Row[Any], now: float) -> SiteEntry:
    silent_s = math.inf if row.heartbeat is None else max(0.0, now - row.heartbeat)
    return SiteEntry(
        name=row.name,
        address=row.address,
        peer_address=row.peer_address,
        wall=row.wall,
        load=SiteLoad(
            site=row.name,
            running=row.running,
            waiting=row.waiting,
            slots=row.slots,
            age_s=silent_s,
            silent_s=silent_s,
            environments=frozenset(json.loads(row.environments)),
        ),
        runs=SiteRuns(row.hot_runs, row.cold_runs, row.holders, row.held_bytes),
    )
