"""Health of published methods: what each site found last."""

from __future__ import annotations

from sqlalchemy import Connection, select

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import method_health, methods
from fomrepo.errors import NotFoundError
from fomrepo.model.health import MESSAGE_LIMIT, MethodHealth


class Health:
    """Verdicts on published methods, one for each site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def note(self, connection: Connection, found: MethodHealth, *, bundle_digest: str) -> None:
        """Keep a site's verdict in place of the one before.

        Raises
        ------
        NotFoundError
            If no such bundle is published.
        """
        wanted = (
            methods.c.name == found.method,
            methods.c.version == found.version,
            methods.c.bundle_digest == bundle_digest,
        )
        method_id = connection.scalar(select(methods.c.id).where(*wanted))
        if method_id is None:
            raise NotFoundError(f"{found.method} {found.version} is not the method that was checked")
        values = {
            "environment_digest": found.environment_digest,
            "ok": found.ok,
            "message": found.message[:MESSAGE_LIMIT],
            "checked": found.checked,
        }
        connection.execute(
            self._database.insert(method_health)
            .values(method_id=method_id, site=found.site, **values)
            .on_conflict_do_update(index_elements=[method_health.c.method_id, method_health.c.site], set_=values)
        )

    @reads
    def all(self, connection: Connection) -> tuple[MethodHealth, ...]:
        """List all verdicts, by method, version and site."""
        health = method_health.c
        rows = connection.execute(
            select(
                methods.c.name, methods.c.version, health.site, health.environment_digest, health.ok, health.message,
                health.checked,
            )
            .join(methods, methods.c.id == health.method_id)
            .order_by(methods.c.name, methods.c.rank, health.site)
        )  # fmt: skip
        return tuple(MethodHealth(*row) for row in rows)
