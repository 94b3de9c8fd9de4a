"""Connections to SQLite and PostgreSQL, each set up so that a committed row survives a power cut."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from fomrepo.errors import SettingsError, StorageError

#: Execution option of connections that will write.
WRITES = "fomrepo_writes"
#: How long SQLite waits for another process's write.
BUSY_TIMEOUT_S = 30.0
#: Connections of one process: three sites on one PostgreSQL stay below its default of 100.
POOL_SIZE, POOL_OVERFLOW = 8, 16
#: How long PostgreSQL may take to let us in.
CONNECT_TIMEOUT_S = 10
#: How long a statement on PostgreSQL waits for another one's row.
LOCK_TIMEOUT_MS = 10_000


def connect_engine(url: str, *, foreign_keys: bool) -> Engine:
    """Make an engine; nothing is connected yet.

    Parameters
    ----------
    url
        Of the database; it names the driver.
    foreign_keys
        Whether SQLite enforces them; PostgreSQL always does.

    Raises
    ------
    SettingsError
        If the URL is none, or names a database or driver that cannot be used here.
    """
    parsed = _parsed(url)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_OVERFLOW,
        "execution_options": {"preserve_rowcount": True},
    }
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_S}
    else:
        ours = {"connect_timeout": CONNECT_TIMEOUT_S, "options": f"-c lock_timeout={LOCK_TIMEOUT_MS}"}
        options["connect_args"] = {name: value for name, value in ours.items() if name not in parsed.query}
    try:
        engine = create_engine(parsed, **options)
    except (ImportError, NoSuchModuleError) as fault:
        raise SettingsError(
            f"the driver of the catalog's URL {shown(url)} is not installed: {fault}",
            remedy="name one that is, such as postgresql+psycopg2://, or: pip install 'fomrepo[site]'",
        ) from fault
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, foreign_keys=foreign_keys)
    return engine


def shown(url: str) -> str:
    """URL as people may see it: without the password."""
    return _parsed(url).render_as_string(hide_password=True)


def sqlite_file(url: str) -> Path | None:
    """File of an SQLite database; None for a server.

    Raises
    ------
    StorageError
        If the folder of the file does not exist.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    file = Path(str(parsed.database)).absolute()
    if not file.parent.is_dir():
        raise StorageError(
            f"the folder {file.parent} of the catalog {shown(url)} does not exist",
            remedy=f"mkdir -p {quote(str(file.parent))}",
        )
    return file


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise SettingsError(
            "the catalog's setting is no database URL",
            remedy="give one such as sqlite:////var/lib/fomrepo/catalog.db or postgresql+psycopg2://fomrepo@host/fomrepo",
        ) from fault
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and parsed.database in (None, "", ":memory:")):
        raise SettingsError(
            f"a catalog cannot be kept in {parsed.render_as_string(hide_password=True)}",
            remedy="use an SQLite file (sqlite:////path/catalog.db) or PostgreSQL (postgresql+psycopg2://...)",
        )
    return parsed


def _set_up_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing on its own; `begin` below does
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        if writes:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # it takes no lock and so cannot fail: past SQLAlchemy, which would take as long as a query
            connection.connection.cursor().execute("BEGIN")
