"""The audit log: written in the transaction of each change, and never changed afterwards.

Triggers of migration 0010 refuse changes of entries. Who can drop triggers can change entries as well; the chain of
digests shows that, and the sites' seals show it of who rewrites the chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from fomrepo.catalog.clock import CatalogClock
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import audit, audit_head, audit_seals, principals
from fomrepo.model.audit import AuditAction, AuditEntry, AuditSeal, entry_digest
from fomrepo.model.canonical import canonical_json

#: Entries that are read at once while the log is checked.
PAGE = 1_000

_LOCKED_HEAD = select(audit_head.c.number, audit_head.c.digest, CatalogClock().label("now")).with_for_update()
_NAME = select(principals.c.name).where(principals.c.id == bindparam("principal"))
_AFTER = select(audit).where(audit.c.number > bindparam("after")).order_by(audit.c.number).limit(bindparam("limit"))


def write_entry(connection: Connection, actor: str, action: AuditAction, subject: str, **details: Any) -> None:
    """Add an entry to the log, within the transaction of the change; as its last statement, since others wait for it.

    Parameters
    ----------
    connection
        Of the transaction.
    actor
        Login name, or what ``fomrepo.model.audit`` calls an operator and the clock.
    action
        What was done.
    subject
        To what.
    details
        More about it, which JSON can spell.
    """
    head = connection.execute(_LOCKED_HEAD).one()
    written = canonical_json(details).decode()
    content = (head.number + 1, head.now, actor, action.value, subject, written, head.digest)
    entry = AuditEntry(*content, digest=entry_digest(*content))
    connection.execute(insert(audit).values({one.name: getattr(entry, one.name) for one in audit.c}))
    connection.execute(update(audit_head).values(number=entry.number, digest=entry.digest))


def name_of(connection: Connection, principal_id: str) -> str:
    """Login name of somebody, as the log calls them."""
    return str(connection.scalars(_NAME, {"principal": principal_id}).one())


class AuditLog:
    """Read the log, and keep what sites have signed about it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def page(self, connection: Connection, *, after: int = 0, limit: int = PAGE) -> tuple[AuditEntry, ...]:
        """List the entries that follow a number, oldest first."""
        return tuple(AuditEntry(*row) for row in connection.execute(_AFTER, {"after": after, "limit": limit}))

    def all(self) -> Iterator[AuditEntry]:
        """All entries, oldest first, a page at a time."""
        after = 0
        while page := self.page(after=after):
            yield from page
            after = page[-1].number

    @reads
    def newest(self, connection: Connection, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries, oldest of them first."""
        rows = connection.execute(select(audit).order_by(audit.c.number.desc()).limit(limit)).all()
        return tuple(AuditEntry(*row) for row in reversed(rows))

    @reads
    def head(self, connection: Connection) -> tuple[int, str]:
        """Number and digest of the newest entry, as they are noted apart from the log; 0 and empty before the first."""
        row = connection.execute(select(audit_head.c.number, audit_head.c.digest)).one()
        return row.number, row.digest

    @writes
    def note(
        self, connection: Connection, actor: str, action: AuditAction, subject: str, details: Mapping[str, Any]
    ) -> None:
        """Add an entry, within the transaction of a change that the caller makes together with it."""
        write_entry(connection, actor, action, subject, **details)

    @writes
    def seal(self, connection: Connection, seal: AuditSeal) -> None:
        """Keep what a site has signed."""
        values = {one.name: getattr(seal, one.name) for one in audit_seals.c}
        connection.execute(self._database.insert(audit_seals).values(values).on_conflict_do_nothing())

    @reads
    def seals(self, connection: Connection) -> tuple[AuditSeal, ...]:
        """List what sites have signed, oldest first."""
        rows = connection.execute(select(audit_seals).order_by(audit_seals.c.number, audit_seals.c.site))
        return tuple(
            AuditSeal(one.site, one.number, one.digest, one.time, bytes(one.signature), bytes(one.certificate))
            for one in rows
        )
