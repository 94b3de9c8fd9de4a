"""Public keys that users published. A row gives no trust: that is in the signed root alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from fomrepo.catalog.audit import name_of, write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.methods import count_change
from fomrepo.catalog.tables import principals, public_keys
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.audit import OPERATOR, AuditAction
from fomrepo.model.trust import key_id

#: Keys that one user may have published and not revoked.
KEYS_OF_ONE = 16

_KEYS = select(public_keys, principals.c.name).join(principals, principals.c.id == public_keys.c.principal_id)


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as its owner published it."""

    id: str
    #: User who published it.
    owner: str
    #: Ed25519, 32 bytes.
    public: bytes
    label: str
    #: Seconds since 1970.
    created: float
    #: Id of the key that it is to replace; None if none.
    replaces: str | None
    #: Seconds since 1970; None: it was not revoked here.
    revoked: float | None


class PublicKeys:
    """Keys of users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def publish(
        self, connection: Connection, principal_id: str, public: bytes, *, label: str, replaces: str | None = None
    ) -> str:
        """Publish a key; nothing happens if its owner published it before. Returns its id.

        Raises
        ------
        ConflictError
            If somebody else published it, or the owner has too many.
        NotFoundError
            If the key that it is to replace is not one of the owner's.
        """
        mine = {
            row.id: row.revoked
            for row in connection.execute(select(public_keys).where(public_keys.c.principal_id == principal_id))
        }
        if replaces is not None and replaces not in mine:
            raise NotFoundError(f"no key {replaces[:16]} of yours", remedy="see your keys: fomrepo key list")
        found = key_id(public)
        if found in mine:
            return found
        if sum(revoked is None for revoked in mine.values()) >= KEYS_OF_ONE:
            raise ConflictError(f"you have {KEYS_OF_ONE} keys", remedy="revoke one that you no longer use")
        added = connection.execute(
            self._database.insert(public_keys)
            .values(
                id=found, principal_id=principal_id, public=public, label=label, created=time.time(), replaces=replaces
            )
            .on_conflict_do_nothing()
        )
        if added.rowcount != 1:
            raise ConflictError("somebody else published this key", remedy="make one of your own: fomrepo key new")
        write_entry(connection, name_of(connection, principal_id), AuditAction.KEY_PUBLISHED, found, replaces=replaces)
        return found

    @writes
    def revoke(self, connection: Connection, wanted: str, *, principal_id: str | None = None) -> PublishedKey:
        """Revoke a key, at all sites at once; once revoked it stays so.

        Parameters
        ----------
        wanted
            Id of the key.
        principal_id
            Owner that it must have; None for an operator, who may revoke any.

        Raises
        ------
        NotFoundError
            If there is no such key.
        """
        chosen = [public_keys.c.id == wanted]
        if principal_id is not None:
            chosen.append(public_keys.c.principal_id == principal_id)
        changed = connection.execute(
            update(public_keys).where(*chosen, public_keys.c.revoked.is_(None)).values(revoked=time.time())
        )
        if changed.rowcount:
            count_change(connection)
        row = connection.execute(_KEYS.where(*chosen)).first()
        if row is None:
            raise NotFoundError(f"there is no key {wanted[:16]}", remedy="see the keys: fomrepo key list")
        if changed.rowcount:
            actor = OPERATOR if principal_id is None else row.name
            write_entry(connection, actor, AuditAction.KEY_REVOKED, wanted, owner=row.name)
        return _key_of(row)

    @reads
    def all(self, connection: Connection) -> tuple[PublishedKey, ...]:
        """List all keys, oldest first."""
        return tuple(_key_of(row) for row in connection.execute(_KEYS.order_by(public_keys.c.created)))

    @reads
    def revoked(self, connection: Connection) -> Mapping[str, float]:
        """Ids of the keys that were revoked, and when."""
        rows = connection.execute(
            select(public_keys.c.id, public_keys.c.revoked).where(public_keys.c.revoked.is_not(None))
        )
        return {row.id: row.revoked for row in rows}


def _key_of(row: Row[Any]) -> PublishedKey:
    return PublishedKey(row.id, row.name, bytes(row.public), row.label, row.created, row.replaces, row.revoked)
