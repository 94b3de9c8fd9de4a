"""One database, and the only way to it: whole transactions, repeated where the database asks for it.

Each public operation of the catalog is a function of a connection, marked ``@reads`` or ``@writes``:

- ``@reads``: one snapshot. SQLite: a deferred transaction in WAL mode; PostgreSQL: REPEATABLE READ, READ ONLY.
- ``@writes``: SQLite: BEGIN IMMEDIATE, so writers come one after the other; PostgreSQL: READ COMMITTED, and the
  operations lock the rows that their decision rests on (``FOR UPDATE``, ``FOR SHARE``; SQLite needs and knows none).
"""

from __future__ import annotations

import functools
import math
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from fomrepo.catalog.engine import WRITES, connect_engine, shown
from fomrepo.catalog.faults import is_disconnect, is_transient, translated
from fomrepo.catalog.glance import Glance, Row
from fomrepo.catalog.memory import NUMBER, Memory
from fomrepo.catalog.snapshot import OutdatedError, Snapshot

#: How long a transaction is repeated before its caller hears of it; equals SQLite's busy timeout.
REPEAT_FOR_S = 30.0
#: Longest pause between two attempts.
PAUSE_LIMIT_S = 0.1

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Database:
    """The catalog's database, as the operations use it.

    Parameters
    ----------
    url
        ``sqlite:////path/catalog.db`` or ``postgresql+psycopg2://user@host/name``.
    foreign_keys
        Whether SQLite enforces them; only migrations, which rebuild tables, do without.
    """

    def __init__(self, url: str, *, foreign_keys: bool = True) -> None:
        self._engine: Engine = connect_engine(url, foreign_keys=foreign_keys)
        self.name = shown(url)
        on_sqlite = self._engine.dialect.name == "sqlite"
        self._reading = self._engine
        self._writing = self._engine.execution_options(**{WRITES: True})
        if not on_sqlite:
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._joined = threading.local()
        self._memory = Memory()
        self._glances: dict[Select[Any], Glance] = {}
        #: SQLite lets waiting writers poll; the threads of one process rather stand in line.
        self._turn: AbstractContextManager[Any] = threading.Lock() if on_sqlite else nullcontext()
        #: INSERT that knows ON CONFLICT, in this database's dialect.
        self.insert: Callable[..., Any] = sqlite.insert if on_sqlite else postgresql.insert

    def read(self, work: Callable[[Connection], R]) -> R:
        """Run a function of a connection in one snapshot.

        Inside :meth:`at_one_moment` it is that one's.
        """
        snapshot = self._joined_snapshot()
        if snapshot is None:
            return self._repeat(self._reading.begin, work)
        return work(cast(Connection, snapshot))

    def remembered(self, key: Hashable, read: Callable[[], R], *, holds_s: Callable[[R], float] | None = None) -> R:
        """Read something, unless a snapshot has read it since the catalog last changed (memory.py).

        Outside :meth:`at_one_moment` it is simply read.

        Parameters
        ----------
        key
            Names the operation and all that ``read`` was given.
        read
            Reads tables that count. None is not remembered, nor is an error.
        holds_s
            How long a value holds by the clock, in seconds; None: as long as nothing changes.
        """
        snapshot = self._joined_snapshot()
        if snapshot is None:
            return read()
        known: R | None = self._memory.recall(key, snapshot.moment())
        if known is not None:
            return known
        value = read()
        if value is not None:
            self._memory.keep(key, snapshot.moment(), value, holds_s=math.inf if holds_s is None else holds_s(value))
        return value

    def at_one_moment(self, work: Callable[[], R]) -> R:
        """Run several reading operations on this thread in one snapshot; all of it may run more than once."""
        if self._joined_snapshot() is not None:
            return work()
        try:
            return self._repeat(lambda: self._snapshot(self._memory.number), lambda _: work())
        except OutdatedError:
            return self._repeat(lambda: self._snapshot(None), lambda _: work())

    def number(self) -> int:
        """Count of the changes of what calls mean, as of :meth:`at_one_moment` (memory.py)."""
        return self.at_one_moment(lambda: int(self._joined.snapshot.moment().number))

    def unchanged_since(self, number: int) -> bool:
        """Whether nothing has changed since a moment of that number; costs less than a snapshot. In doubt it has."""
        rows = self._glance(NUMBER, {})
        return rows is not None and rows[0][0] == number

    def rows(self, connection: Connection, query: Select[Any], given: Mapping[str, Any]) -> Sequence[Row]:
        """Ask a query of which the first column is the count of changes; quicker than others if it is the first.

        Parameters
        ----------
        connection
            Of the snapshot.
        query
            Always finds a row. It is kept: one of a few constants.
        given
            Its values.
        """
        snapshot = self._joined_snapshot()
        if snapshot is not None and not snapshot.begun and (rows := self._glance(query, given)) is not None:
            snapshot.is_at(rows[0][0])
            return rows
        return connection.execute(query, given).all()

    def _glance(self, query: Select[Any], given: Mapping[str, Any]) -> Sequence[Row] | None:
        glance = self._glances.get(query)
        if glance is None:
            glance = self._glances[query] = Glance(self._reading, query)
        if (rows := glance.rows(given)) is None:
            self._memory.forget()
        return rows

    def write(self, work: Callable[[Connection], R]) -> R:
        """Run a function of a connection in one transaction, which is committed if it returns.

        Inside :meth:`together` it is part of that transaction.
        """
        joined: Connection | None = getattr(self._joined, "connection", None)
        return self._repeat(self._transaction, work) if joined is None else work(joined)

    def together(self, operations: Sequence[Callable[[], object]]) -> None:
        """Run several writing operations on this thread in one transaction: all of them are committed, or none."""

        def all_of_them(connection: Connection) -> None:
            self._joined.connection = connection
            try:
                for operation in operations:
                    operation()
            finally:
                self._joined.connection = None

        self._repeat(self._transaction, all_of_them)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    def _joined_snapshot(self) -> Snapshot | None:
        """Snapshot of :meth:`at_one_moment` on this thread."""
        return getattr(self._joined, "snapshot", None)

    @contextmanager
    def _snapshot(self, supposed: int | None) -> Iterator[None]:
        with ExitStack() as end:
            snapshot = Snapshot(lambda: end.enter_context(self._reading.begin()), supposed)
            self._joined.snapshot = snapshot
            try:
                yield
            finally:  # also before an error, which may come of what was so
                self._joined.snapshot = None
                snapshot.confirm(self.unchanged_since)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._turn, self._writing.begin() as connection:
            yield connection

    def _repeat(self, begin: Callable[[], AbstractContextManager[T]], work: Callable[[T], R]) -> R:
        """Run work in a transaction; again after a lost race, and once after a connection that had died in the pool."""
        deadline = time.monotonic() + REPEAT_FOR_S
        attempt = 0
        while True:
            try:
                with begin() as transaction:
                    return work(transaction)
            except SQLAlchemyError as fault:
                self._memory.forget()
                again = is_transient(fault) or (is_disconnect(fault) and attempt == 0)
                if not again or time.monotonic() > deadline:
                    raise translated(fault, self.name) from fault
            attempt += 1
            time.sleep(random.uniform(0, min(PAUSE_LIMIT_S, 0.001 * 2**attempt)))  # noqa: S311  (no secret: a pause)


class Subject(Protocol):
    """A class of operations on one subject."""

    _database: Database


S = TypeVar("S", bound=Subject)


def reads(operation: Callable[Concatenate[S, Connection, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method of a connection one that runs in a snapshot of its own."""

    @functools.wraps(operation)
    def in_one_snapshot(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._database.read(lambda connection: operation(self, connection, *args, **kwargs))

    return in_one_snapshot


def writes(operation: Callable[Concatenate[S, Connection, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method of a connection one that runs in a transaction of its own."""

    @functools.wraps(operation)
    def in_one_transaction(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._database.write(lambda connection: operation(self, connection, *args, **kwargs))

    return in_one_transaction
