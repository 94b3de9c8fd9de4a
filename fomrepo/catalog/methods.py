"""The registry of methods: bundles and what was signed about them. No row is believed before it was verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from fomrepo.catalog.audit import write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import approvals, methods, registry, verdicts
from fomrepo.errors import ConflictError, MethodNotTrustedError
from fomrepo.model.audit import METHOD_ACTIONS, AuditAction
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import version_rank
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import Approval, ReviewStatement, SignedMethod, Verdict, VerdictStatement

_NEWEST = (
    select(methods.c.name, methods.c.version)
    .where(methods.c.name == bindparam("name"))
    .order_by(methods.c.rank.desc())
    .limit(1)
)
_EXACT = select(methods.c.name, methods.c.version).where(
    methods.c.name == bindparam("name"), methods.c.version == bindparam("version")
)
_CHANGES = select(registry.c.snapshot)


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A published method without its bundle. Nothing of it is true before its approvals were verified."""

    id: str
    name: str
    version: str
    #: Size of the bundle in bytes.
    size: int
    #: Those that can be read.
    approvals: tuple[Approval, ...]


class Methods:
    """Published methods."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def publish(self, connection: Connection, method: SignedMethod, schema_json: str) -> None:
        """Publish a method; if the same bundle was published before, approvals that are new are added to it.

        Raises
        ------
        ConflictError
            If another bundle was published under that name and version.
        """
        statement = method.approvals[0].statement
        published = connection.execute(
            self._database.insert(methods)
            .values(
                id=new_id(),
                name=statement.name,
                version=statement.version,
                rank=".".join(f"{part:010d}" for part in version_rank(statement.version)),
                bundle_digest=statement.bundle_digest,
                environment=statement.environment,
                bundle=method.bundle,
                schema=schema_json,
            )
            .on_conflict_do_nothing(index_elements=[methods.c.name, methods.c.version])
        )
        known = connection.execute(
            select(methods.c.id, methods.c.bundle_digest).where(
                methods.c.name == statement.name, methods.c.version == statement.version
            )
        ).one()
        if known.bundle_digest != statement.bundle_digest:
            raise ConflictError(
                f"{statement.name} {statement.version} was published with other content",
                remedy="raise the version in method.toml",
            )
        changed = published.rowcount
        for one in method.approvals:
            changed += self._insert_signed(connection, approvals, known.id, one)
        if changed:
            count_change(connection)
        if published.rowcount:
            details = {"bundle": statement.bundle_digest, "author": statement.author}
            subject = f"{statement.name} {statement.version}"
            write_entry(connection, statement.reviewer, AuditAction.METHOD_PUBLISHED, subject, **details)

    @writes
    def judge(self, connection: Connection, verdict: Verdict) -> bool:
        """Keep a reviewer's verdict on a published method; returns whether it is new.

        Raises
        ------
        MethodNotTrustedError
            If no such bundle was published.
        """
        statement = verdict.statement
        method_id = connection.scalar(
            select(methods.c.id).where(
                methods.c.name == statement.name,
                methods.c.version == statement.version,
                methods.c.bundle_digest == statement.bundle_digest,
            )
        )
        if method_id is None:
            raise MethodNotTrustedError(f"{statement.name} {statement.version} is not the method that was judged")
        new = self._insert_signed(connection, verdicts, method_id, verdict, state=statement.state) == 1
        if new:
            count_change(connection)
            subject = f"{statement.name} {statement.version}"
            write_entry(
                connection, statement.reviewer, METHOD_ACTIONS[statement.state], subject, reason=statement.reason
            )
        return new

    @reads
    def published(self, connection: Connection) -> tuple[MethodRow, ...]:
        """List all methods without their bundles, by name, oldest version first."""
        signed: dict[str, list[Approval]] = {}
        for row in connection.execute(select(approvals).order_by(approvals.c.key_id)):
            signed.setdefault(row.method_id, []).extend(_approval_of(row))
        wanted = select(methods.c.id, methods.c.name, methods.c.version, func.length(methods.c.bundle).label("size"))
        return tuple(
            MethodRow(row.id, row.name, row.version, row.size, tuple(signed.get(row.id, ())))
            for row in connection.execute(wanted.order_by(methods.c.name, methods.c.rank))
        )

    @reads
    def verdicts(self, connection: Connection) -> tuple[Verdict, ...]:
        """List the verdicts that can be read."""
        rows = connection.execute(select(verdicts).order_by(verdicts.c.method_id, verdicts.c.key_id))
        return tuple(one for row in rows for one in _verdict_of(row))

    @reads
    def bundle(self, connection: Connection, method_id: str) -> bytes | None:
        """Read the bundle of a method, as ``pack_files`` wrote it."""
        packed: bytes | None = connection.scalar(select(methods.c.bundle).where(methods.c.id == method_id))
        return None if packed is None else bytes(packed)

    @reads
    def changes(self, connection: Connection) -> int:
        """Number that counts the changes of what says which methods may run."""
        return self._database.remembered("registry", lambda: int(connection.scalars(_CHANGES).one()))

    def find_in(self, connection: Connection, method: MethodRef) -> MethodRef | None:
        """Find a method within a transaction of the caller; the newest version where none is named."""
        wanted = _NEWEST if method.version is None else _EXACT

        def find() -> MethodRef | None:
            row = connection.execute(wanted, {"name": method.name, "version": method.version}).first()
            return None if row is None else MethodRef(row.name, row.version)

        return self._database.remembered(("method", method), find)

    def _insert_signed(
        self, connection: Connection, table: Any, method_id: str, signed: Approval | Verdict, **more: str
    ) -> int:
        values = {"statement": signed.statement.to_bytes(), "signature": signed.signature, "key_id": signed.key_id}
        added = connection.execute(
            self._database.insert(table).values(method_id=method_id, **values, **more).on_conflict_do_nothing()
        )
        return int(added.rowcount)


def count_change(connection: Connection) -> None:
    """Let all sites look again at what may run."""
    connection.execute(update(registry).values(snapshot=registry.c.snapshot + 1))


def _approval_of(row: Row[Any]) -> Iterator[Approval]:
    try:
        yield Approval(ReviewStatement.from_bytes(bytes(row.statement)), row.key_id, bytes(row.signature))
    except MethodNotTrustedError:
        return  # it counts for nothing


def _verdict_of(row: Row[Any]) -> Iterator[Verdict]:
    try:
        yield Verdict(VerdictStatement.from_bytes(bytes(row.statement)), row.key_id, bytes(row.signature))
    except MethodNotTrustedError:
        return
