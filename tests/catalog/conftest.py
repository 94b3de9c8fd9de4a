"""The catalog on both databases: each test runs on SQLite and on a real PostgreSQL."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from tests.postgres_server import PostgresServer, running_postgres

#: What a server keeps at most: its log of 1 GiB, and some databases.
SERVER_BYTES = 2 * 2**30


@pytest.fixture(scope="session")
def postgres(postgresql_binaries: Path) -> Iterator[PostgresServer]:
    """Return a PostgreSQL server of the tests' own, in memory where there is much: it writes gigabytes."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > SERVER_BYTES
    with running_postgres(postgresql_binaries, place=str(memory) if roomy else "/tmp") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/catalog.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    yield (url := server.new_database())
    server.drop(url)


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what gives the URL of an empty catalog to copy, made once for each kind of database."""

    @functools.cache
    def template(kind: str) -> str:
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('template')}/catalog.db"
        else:
            url = request.getfixturevalue("postgres").new_database()
        upgrade_catalog(url)
        return url

    return template


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, templates: Callable[[str], str]) -> Iterator[str]:
    """Return the URL of a database with an empty catalog."""
    template = templates(request.param)
    if request.param == "sqlite":
        shutil.copy(template.removeprefix("sqlite:///"), tmp_path / "catalog.db")
        yield f"sqlite:///{tmp_path}/catalog.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    yield (url := server.new_database(template))
    server.drop(url)


@pytest.fixture
def catalog(database: str) -> Iterator[Catalog]:
    """Return an open, empty catalog."""
    with open_catalog(database) as opened:
        yield opened
