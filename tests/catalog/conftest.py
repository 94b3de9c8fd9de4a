"""The catalog on both databases: each test runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from tests.postgres_server import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres(postgresql_binaries: Path) -> Iterator[PostgresServer]:
    """Return a PostgreSQL server of the tests' own."""
    with running_postgres(postgresql_binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalog.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database(empty_database: str) -> str:
    """Return the URL of a database with an empty catalog."""
    upgrade_catalog(empty_database)
    return empty_database


@pytest.fixture
def catalog(database: str) -> Iterator[Catalog]:
    """Return an open, empty catalog."""
    with open_catalog(database) as opened:
        yield opened
