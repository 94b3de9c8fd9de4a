"""Small settings that all sites share, such as the federation's name."""

from __future__ import annotations

from sqlalchemy import Connection, select

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import settings


class Federation:
    """Texts by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def get(self, connection: Connection, key: str) -> str | None:
        """Read a setting; None if it was never set."""
        value: str | None = connection.scalar(select(settings.c.value).where(settings.c.key == key))
        return value

    @writes
    def set(self, connection: Connection, key: str, value: str) -> None:
        """Write a setting."""
        connection.execute(
            self._database.insert(settings)
            .values(key=key, value=value)
            .on_conflict_do_update(index_elements=[settings.c.key], set_={"value": value})
        )
