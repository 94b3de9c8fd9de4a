"""Signed metadata of the registry, and locks of guest environments: a mirror, whose word alone counts for nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, or_, select, update

from fomrepo.catalog.audit import write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.methods import count_change
from fomrepo.catalog.tables import environments, trust_documents
from fomrepo.model.audit import SIGNED, AuditAction
from fomrepo.model.canonical import sha256_hex

#: Names of documents: root, list and snapshot carry their version, ``1.root.json``; there is one lease.
LEASE_DOCUMENT = "timestamp.json"
#: The root that still lacks signatures.
PENDING_ROOT = "pending.root.json"

#: So many older lists stay, for sites that are reading them right now.
OLD_LISTS_KEPT = 5


class TrustDocuments:
    """Documents by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def read(self, connection: Connection, name: str, longest: int) -> bytes | None:
        """Read a document; None if there is none, or one of more than ``longest`` bytes."""
        wanted = select(trust_documents.c.content).where(
            trust_documents.c.name == name, func.length(trust_documents.c.content) <= longest
        )
        content: bytes | None = connection.scalar(wanted)
        return None if content is None else bytes(content)

    @writes
    def add(self, connection: Connection, version: int, documents: Mapping[str, bytes], *, again: bool = False) -> bool:
        """Add documents of a new version; the first name must not be taken, the others are replaced.

        Parameters
        ----------
        version
            Of the document that the first name names.
        documents
            Content by name.
        again
            Replace the first one, too: versions begin anew after the key of the list was replaced.

        Returns
        -------
        bool
            False, and nothing was added, if somebody else was quicker.
        """
        first = next(iter(documents))
        if not again and connection.scalar(select(trust_documents.c.name).where(trust_documents.c.name == first)):
            return False
        for name, content in documents.items():
            given = {"version": version, "content": content}
            connection.execute(
                self._database.insert(trust_documents)
                .values(name=name, **given)
                .on_conflict_do_update(index_elements=[trust_documents.c.name], set_=given)
            )
        of_lists = or_(trust_documents.c.name.like("%.targets.json"), trust_documents.c.name.like("%.snapshot.json"))
        if "root" not in first:
            connection.execute(
                delete(trust_documents).where(of_lists, trust_documents.c.version < version - OLD_LISTS_KEPT)
            )
        if again and first.endswith(".snapshot.json"):  # the old key's lists would stand in the way of the new one's
            connection.execute(delete(trust_documents).where(of_lists, trust_documents.c.version > version))
        count_change(connection)
        write_entry(connection, SIGNED, AuditAction.TRUST_CHANGED, first, sha256=sha256_hex(documents[first]))
        return True

    @writes
    def renew_lease(self, connection: Connection, known: bytes, lease: bytes) -> bool:
        """Replace the lease, if it is still the one that is known; False if another site was quicker."""
        renewed = connection.execute(
            update(trust_documents)
            .where(trust_documents.c.name == LEASE_DOCUMENT, trust_documents.c.content == known)
            .values(content=lease)
        )
        return renewed.rowcount == 1

    @writes
    def drop(self, connection: Connection, name: str) -> None:
        """Remove a document."""
        connection.execute(delete(trust_documents).where(trust_documents.c.name == name))


class EnvironmentLocks:
    """Lock files of guest environments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def add(self, connection: Connection, name: str, lock_digest: str, lock: bytes) -> None:
        """Keep a lock file; nothing happens if it is there."""
        added = connection.execute(
            self._database.insert(environments)
            .values(name=name, lock_digest=lock_digest, lock=lock, added=time.time())
            .on_conflict_do_nothing()
        )
        if added.rowcount:
            count_change(connection)

    @reads
    def read(self, connection: Connection, lock_digest: str, longest: int) -> bytes | None:
        """Read a lock file by its digest, which the reader compares; None if there is none, or a longer one."""
        lock: bytes | None = connection.scalar(
            select(environments.c.lock)
            .where(environments.c.lock_digest == lock_digest, func.length(environments.c.lock) <= longest)
            .limit(1)
        )
        return None if lock is None else bytes(lock)

    @reads
    def of_name(self, connection: Connection, name: str) -> tuple[str, ...]:
        """List the digests of the lock files of a name, oldest first, listed or not."""
        wanted = select(environments.c.lock_digest).where(environments.c.name == name).order_by(environments.c.added)
        return tuple(connection.scalars(wanted))

    @reads
    def digests(self, connection: Connection) -> tuple[str, ...]:
        """List the digests of all lock files."""
        return tuple(connection.scalars(select(environments.c.lock_digest).distinct()))
