"""A PostgreSQL server of the tests' own: an ordinary user's, in a temporary folder, on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text


class PostgresServer:
    """A running server.

    Parameters
    ----------
    socket_folder
        Where its Unix socket lies.
    """

    def __init__(self, socket_folder: Path) -> None:
        self._socket_folder = socket_folder

    def url(self, database: str) -> str:
        """URL of a database of this server."""
        return f"postgresql+psycopg2://tests@/{database}?host={self._socket_folder}"

    def run(self, statement: str) -> None:
        """Run one statement as superuser, outside any transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def new_database(self, template: str | None = None) -> str:
        """Create a database, empty or as a copy of another one that nobody uses, and return its URL."""
        name = f"d{uuid.uuid4().hex}"
        source = "template1" if template is None else make_url(template).database
        self.run(f"CREATE DATABASE {name} TEMPLATE {source}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database, whoever uses it still: each is 500 files."""
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@contextmanager
def running_postgres(binaries: Path, *, place: str = "/tmp") -> Iterator[PostgresServer]:
    """Start a server, as an ordinary user even where the tests are root's; at the end stop and delete it.

    Parameters
    ----------
    binaries
        Folder with ``initdb`` and ``pg_ctl``.
    place
        Where its files lie: a short path, because that of a socket has at most 107 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-pg-", dir=place))
    user = _ordinary_user(folder)
    data = folder / "data"
    settings = f"-k {folder} -c listen_addresses='' -c max_connections=150 -c fsync=off"
    try:
        _run(user, binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        _run(user, binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", settings, "start")
        try:
            yield PostgresServer(folder)
        finally:
            _run(user, binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """Whom to become: for root, who may not run PostgreSQL, the folder's new owner; nobody else for other users."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = known.get("postgres") or known["nobody"]
    os.chown(folder, chosen.pw_uid, chosen.pw_gid)
    return {"user": chosen.pw_uid, "group": chosen.pw_gid, "extra_groups": []}


def _run(user: dict[str, Any], *argv: str | Path) -> None:
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", **user
    )
    assert done.returncode == 0, f"{argv[0]} failed:\n{done.stdout}"
