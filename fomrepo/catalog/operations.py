"""Operations: one call each, known to every site."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, delete, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import operations
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.model.operations import Operation, OperationEnd, OperationState, Provenance

#: Operations that one transaction deletes, so that others need not wait long.
FORGOTTEN_AT_ONCE = 1_000

_OPEN_STATES = (OperationState.WAITING.value, OperationState.RUNNING.value)

#: Ids of the operation that somebody has opened under an idempotency key, and of those by which they got an answer.
OPENED = select(operations.c.id).where(
    operations.c.principal_id == bindparam("principal"), operations.c.key == bindparam("idempotency_key")
)
ANSWERED = select(operations.c.id).where(
    operations.c.principal_id == bindparam("principal"),
    operations.c.result_key == bindparam("result_key"),
    operations.c.state == OperationState.DONE.value,
)
_BY_KEY = OPENED.with_only_columns(operations)
_BY_ID = select(operations).where(
    operations.c.id == bindparam("operation"), operations.c.principal_id == bindparam("principal")
)
_UNFINISHED: Update = update(operations).where(
    operations.c.id == bindparam("operation"), operations.c.state.in_(_OPEN_STATES)
)
_SERVE = _UNFINISHED.values(site=bindparam("serving"), state=OperationState.RUNNING.value)
_PROGRESS = _UNFINISHED.values(done=bindparam("frames_done"), total=bindparam("frames_total"))


class Operations:
    """What every site knows of the calls."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert(operations).on_conflict_do_nothing()

    @writes
    def open(
        self,
        connection: Connection,
        principal_id: str,
        *,
        key: str,
        request_digest: str,
        method: str,
        home: str,
        request: bytes = b"",
        operation_id: str = "",
        site: str | None = None,
        end: OperationEnd | None = None,
    ) -> tuple[Operation, bool]:
        """Open an operation, or find the one that the same key opened before.

        ``request`` is what another site needs to take the operation over; only :meth:`adopt` gives it back. ``end``
        is that of an operation that has ended before it was noted at all.

        Returns
        -------
        tuple
            The operation, and whether it is new.

        Raises
        ------
        ConflictError
            If the key was used for another request.
        """
        operation = Operation(
            operation_id or new_id(), principal_id, OperationState.WAITING, None, method, time.time(), home=home
        )
        opened = connection.execute(
            self._insert,
            {
                "id": operation.id,
                "principal_id": principal_id,
                "key": key,
                "request_digest": request_digest,
                "method": method,
                "home": home,
                "request": request or None,
                "state": operation.state.value,
                "created": operation.created,
                "done": 0,
                "total": 0,
                "cancel_requested": False,
                "result_size": 0,
                "site": site,
                **({} if end is None else _end_values(end)),
            },
        )
        if opened.rowcount == 1:
            return operation, True
        row = connection.execute(_BY_KEY, {"principal": principal_id, "idempotency_key": key}).one()
        if row.request_digest != request_digest:
            raise _other_request()
        return _operation_of(row), False

    @reads
    def find(self, connection: Connection, principal_id: str, *, key: str, request_digest: str) -> Operation | None:
        """Find the operation that somebody opened under a key.

        Raises
        ------
        ConflictError
            If the key was used for another request.
        """
        row = connection.execute(_BY_KEY, {"principal": principal_id, "idempotency_key": key}).first()
        if row is not None and row.request_digest != request_digest:
            raise _other_request()
        return None if row is None else _operation_of(row)

    @reads
    def get(self, connection: Connection, operation_id: str, principal_id: str) -> Operation | None:
        """Find an operation of somebody; None alike for what is another's."""
        row = connection.execute(_BY_ID, {"operation": operation_id, "principal": principal_id}).first()
        return None if row is None else _operation_of(row)

    @writes
    def adopt(self, connection: Connection, operation_id: str, *, lost_home: str, home: str) -> bytes | None:
        """Take over an unfinished operation whose home is lost; a site that was restarted takes its own over alike.

        Returns
        -------
        bytes or None
            What was given to `open` as request; None if it has ended, or another site was quicker.
        """
        adopted = connection.execute(
            _UNFINISHED.where(operations.c.home == lost_home).values(home=home), {"operation": operation_id}
        )
        if adopted.rowcount != 1:
            return None
        request: bytes | None = connection.scalar(select(operations.c.request).where(operations.c.id == operation_id))
        return request

    @writes
    def serve(self, connection: Connection, operation_id: str, site: str) -> None:
        """Note which site runs it now; nothing happens once it is in a final state."""
        connection.execute(_SERVE, {"operation": operation_id, "serving": site})

    @writes
    def progress(self, connection: Connection, operation_id: str, done: int, total: int) -> None:
        """Note how many frames are done, and how many there are to do."""
        connection.execute(_PROGRESS, {"operation": operation_id, "frames_done": done, "frames_total": total})

    @writes
    def finish(self, connection: Connection, operation_id: str, end: OperationEnd) -> bool:
        """Bring an operation to a final state; the first one wins.

        Returns
        -------
        bool
            Whether this was the first final state.
        """
        finished = connection.execute(_UNFINISHED.values(**_end_values(end)), {"operation": operation_id})
        return finished.rowcount == 1

    @reads
    def answered(self, connection: Connection, principal_id: str, result_key: str) -> bool:
        """Whether somebody got this very answer before: their own history, nobody else's."""
        found = connection.execute(ANSWERED.limit(1), {"principal": principal_id, "result_key": result_key}).first()
        return found is not None

    @reads
    def answered_by(self, connection: Connection, principal_id: str, methods: Sequence[str]) -> tuple[Operation, ...]:
        """List somebody's operations that ended with an answer of one of some methods, newest first.

        Parameters
        ----------
        principal_id
            Who asks; nobody hears of others' operations.
        methods
            Each as ``name version``.
        """
        rows = connection.execute(
            select(operations)
            .where(
                operations.c.principal_id == principal_id,
                operations.c.state == OperationState.DONE.value,
                operations.c.method.in_(methods),
            )
            .order_by(operations.c.id.desc())
        )
        return tuple(_operation_of(row) for row in rows)

    @reads
    def own(
        self, connection: Connection, principal_id: str, *, limit: int, after: str | None = None
    ) -> tuple[tuple[Operation, ...], str | None]:
        """List somebody's operations, the newest first.

        Returns
        -------
        tuple
            The operations of this page, and what to give as ``after`` for the next one; None after the last one.
        """
        wanted = select(operations).where(operations.c.principal_id == principal_id)
        if after is not None:
            wanted = wanted.where(operations.c.id < after)
        rows = connection.execute(wanted.order_by(operations.c.id.desc()).limit(limit + 1)).all()
        return tuple(map(_operation_of, rows[:limit])), rows[limit - 1].id if len(rows) > limit else None

    @writes
    def forget_ended(self, connection: Connection, before: float) -> int:
        """Delete operations that ended and were asked for before a time, a share at once; returns how many."""
        old = select(operations.c.id).where(operations.c.created < before, operations.c.state.not_in(_OPEN_STATES))
        gone = connection.execute(delete(operations).where(operations.c.id.in_(old.limit(FORGOTTEN_AT_ONCE))))
        return gone.rowcount

    @reads
    def cancel_requested(self, connection: Connection, operation_id: str) -> bool:
        """Whether its caller wants it to end."""
        asked = select(operations.c.cancel_requested).where(operations.c.id == operation_id)
        return bool(connection.scalar(asked))

    @writes
    def request_cancel(self, connection: Connection, operation_id: str, principal_id: str) -> bool:
        """Ask that an operation ends; False if it is in a final state already.

        Raises
        ------
        NotFoundError
            If it is no operation of the principal.
        """
        row = connection.execute(_BY_ID, {"operation": operation_id, "principal": principal_id}).first()
        if row is None:
            raise NotFoundError(f"there is no operation {operation_id} of yours")
        asked = connection.execute(_UNFINISHED.values(cancel_requested=True), {"operation": operation_id})
        return asked.rowcount == 1


def _end_values(end: OperationEnd) -> dict[str, Any]:
    site, blob = end.result or (None, None)
    return {
        "state": end.state.value,
        "failure": end.failure,
        "provenance": None if end.provenance is None else end.provenance.to_json(),
        "result_size": end.result_size,
        "result_site": site,
        "result_blob": blob,
        "result_key": end.result_key or None,
        "schema_json": end.schema_json or None,
    }


def _other_request() -> ConflictError:
    return ConflictError("this idempotency key was used for another call", remedy="send another call with another key")


def _operation_of(row: Row[Any]) -> Operation:
    return Operation(
        id=row.id,
        principal=row.principal_id,
        state=OperationState(row.state),
        site=row.site,
        method=row.method,
        created=row.created,
        done=row.done,
        total=row.total,
        failure=row.failure,
        provenance=None if row.provenance is None else Provenance.from_json(row.provenance),
        result_size=row.result_size,
        home=row.home,
        held_by=row.result_site or "",
        blob=row.result_blob or "",
        schema_json=row.schema_json or "",
    )
