"""The registry of methods: immutable once published, and believed only after their signature was verified."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import methods, registry
from fomrepo.errors import ConflictError
from fomrepo.model.canonical import canonical_json, new_id
from fomrepo.model.methods import version_rank
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import MethodStatement, SignedMethod

#: Methods kept in memory; a row never changes, so its value never does.
KEPT_METHODS = 512

_NEWEST = select(methods.c.id).where(methods.c.name == bindparam("name")).order_by(methods.c.rank.desc()).limit(1)
_EXACT = select(methods.c.id).where(methods.c.name == bindparam("name"), methods.c.version == bindparam("version"))
_BY_ID = select(methods).where(methods.c.id == bindparam("id"))


class Methods:
    """Published methods."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, SignedMethod] = {}

    @writes
    def publish(self, connection: Connection, method: SignedMethod, schema_json: str) -> None:
        """Publish a method; nothing happens if the same bundle was published before.

        Raises
        ------
        ConflictError
            If another bundle was published under that name and version.
        """
        statement = method.statement
        published = connection.execute(
            self._database.insert(methods)
            .values(
                id=new_id(),
                name=statement.name,
                version=statement.version,
                rank=".".join(f"{part:010d}" for part in version_rank(statement.version)),
                bundle_digest=statement.bundle_digest,
                environment=statement.environment,
                reviewers=canonical_json(list(statement.reviewers)).decode(),
                signed=statement.signed,
                signature=method.signature,
                bundle=method.bundle,
                schema=schema_json,
            )
            .on_conflict_do_nothing(index_elements=[methods.c.name, methods.c.version])
        )
        if published.rowcount == 1:
            connection.execute(update(registry).values(snapshot=registry.c.snapshot + 1))
            return
        known = connection.scalar(
            select(methods.c.bundle_digest).where(
                methods.c.name == statement.name, methods.c.version == statement.version
            )
        )
        if known != statement.bundle_digest:
            raise ConflictError(
                f"{statement.name} {statement.version} was published with other content",
                remedy="raise the version in method.toml",
            )

    @reads
    def published(self, connection: Connection) -> tuple[int, tuple[tuple[SignedMethod, str], ...]]:
        """Read the registry's snapshot number and all methods with their schemas, by name, oldest version first."""
        rows = connection.execute(select(methods).order_by(methods.c.name, methods.c.rank))
        return _snapshot(connection), tuple((_method_of(row), row.schema) for row in rows)

    @reads
    def find(self, connection: Connection, method: MethodRef) -> SignedMethod | None:
        """Find a method; the newest version where none is named."""
        return self.find_in(connection, method)

    @reads
    def snapshot(self, connection: Connection) -> int:
        """Number that counts the changes of the registry."""
        return _snapshot(connection)

    def find_in(self, connection: Connection, method: MethodRef) -> SignedMethod | None:
        """Find a method within a transaction of the caller."""
        method_id: str | None
        if method.version is None:
            method_id = connection.scalar(_NEWEST, {"name": method.name})
        else:
            method_id = connection.scalar(_EXACT, {"name": method.name, "version": method.version})
        if method_id is None:
            return None
        if (found := self._kept.get(method_id)) is None:
            found = _method_of(connection.execute(_BY_ID, {"id": method_id}).one())
            if len(self._kept) >= KEPT_METHODS:
                self._kept.clear()
            self._kept[method_id] = found
        return found


def _snapshot(connection: Connection) -> int:
    return int(connection.scalars(select(registry.c.snapshot)).one())


def _method_of(row: Row[Any]) -> SignedMethod:
    statement = MethodStatement(
        name=row.name,
        version=row.version,
        bundle_digest=row.bundle_digest,
        environment=row.environment,
        reviewers=tuple(json.loads(row.reviewers)),
        signed=row.signed,
    )
    return SignedMethod(statement, row.signature, row.bundle)
