"""What happens when the database is busy, full, gone, or not what it should be."""

import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select, text

from fomrepo.catalog import Catalog, database, engine, open_catalog, upgrade_catalog
from fomrepo.catalog.tables import principals
from fomrepo.errors import FomrepoError, InternalError, SchemaRevisionError, SettingsError, StorageError
from tests.postgres_server import PostgresServer


@pytest.fixture
def on_postgres(postgres: PostgresServer) -> str:
    """Return the URL of an empty catalog on PostgreSQL."""
    url = postgres.new_database()
    upgrade_catalog(url)
    return url


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    """Return the URL of an empty catalog on SQLite."""
    url = f"sqlite:///{tmp_path}/catalog.db"
    upgrade_catalog(url)
    return url


def complain(connection: Connection, sqlstate: str) -> None:
    """Let PostgreSQL raise an error."""
    connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{sqlstate}'; END $$"))


def test_a_read_sees_one_moment(catalog: Catalog) -> None:
    count = select(func.count()).select_from(principals)

    def count_twice(connection: Connection) -> tuple[int, int]:
        before = connection.execute(count).scalar_one()
        with ThreadPoolExecutor(1) as other:
            other.submit(catalog.people.add_principal, "ada").result(30)
        return before, connection.execute(count).scalar_one()

    assert catalog._database.read(count_twice) == (0, 0)
    assert catalog._database.read(lambda connection: connection.execute(count).scalar_one()) == 1


def test_a_transaction_that_fails_leaves_nothing(catalog: Catalog) -> None:
    def work(connection: Connection) -> None:
        connection.execute(principals.insert().values(id="i", name="ada", created=0.0))
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        catalog._database.write(work)
    assert catalog.people.principal("ada") is None


def test_more_threads_than_connections_wait_for_their_turn(catalog: Catalog) -> None:
    with ThreadPoolExecutor(60) as threads:
        added = list(threads.map(lambda n: catalog.people.add_principal(f"p{n}"), range(60)))
    assert len({one.id for one in added}) == 60


def test_an_unforeseen_complaint_is_a_fault_of_our_own_and_tells_no_values(catalog: Catalog) -> None:
    with pytest.raises(InternalError, match="no_such_table") as raised:
        catalog._database.read(
            lambda connection: connection.execute(text("SELECT :x FROM no_such_table"), {"x": "secret"})
        )
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
def test_a_lost_race_is_run_again(on_postgres: str, sqlstate: str) -> None:
    attempts = []

    def lose_twice(connection: Connection) -> int:
        attempts.append(len(attempts))
        if len(attempts) <= 2:
            complain(connection, sqlstate)
        return len(attempts)

    with open_catalog(on_postgres) as catalog:
        assert catalog._database.write(lose_twice) == 3


def test_a_race_lost_for_too_long_is_a_busy_catalog(on_postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "REPEAT_FOR_S", 0.2)
    with open_catalog(on_postgres) as catalog, pytest.raises(StorageError, match="busy"):
        catalog._database.write(lambda connection: complain(connection, "40001"))


def test_a_full_disk_of_postgresql_is_told(on_postgres: str) -> None:
    with open_catalog(on_postgres) as catalog, pytest.raises(StorageError, match=r"disk .* full\n.*free space"):
        catalog._database.write(lambda connection: complain(connection, "53100"))


def test_a_connection_that_died_in_the_pool_is_replaced(on_postgres: str, postgres: PostgresServer) -> None:
    with open_catalog(on_postgres) as catalog:
        ada = catalog.people.add_principal("ada")
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres'")
        assert catalog.people.principal("ada") == ada


def test_a_server_that_is_down_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"postgresql\+psycopg2://fomrepo:\*\*\*@/catalog") as raised:
        open_catalog(f"postgresql+psycopg2://fomrepo:secret@/catalog?host={tmp_path}")
    assert raised.value.remedy is not None
    assert "secret" not in str(raised.value)


def test_a_database_that_does_not_exist_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        upgrade_catalog(postgres.url("nowhere"))


def test_another_program_s_write_is_waited_for(on_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.01)
    with open_catalog(on_sqlite) as catalog, locked(on_sqlite) as unlock:
        threading.Timer(0.3, unlock).start()
        assert catalog.people.add_principal("ada").name == "ada"


def test_another_program_s_endless_write_is_a_busy_catalog(on_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.01)
    monkeypatch.setattr(database, "REPEAT_FOR_S", 0.1)
    with open_catalog(on_sqlite) as catalog, locked(on_sqlite):
        assert catalog.people.principal("ada") is None  # readers go on
        with pytest.raises(StorageError, match="busy"):
            catalog.people.add_principal("ada")


class locked:  # noqa: N801  (reads as a sentence)
    """Hold SQLite's write lock, as another program would."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(
            url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False
        )

    def __enter__(self) -> Callable[[], None]:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.rollback

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def test_a_full_disk_of_sqlite_is_told_and_nothing_is_left_behind(on_sqlite: str) -> None:
    with open_catalog(on_sqlite) as catalog:
        catalog._database.close()  # new connections come without room

        @event.listens_for(catalog._database._engine, "connect")
        def without_room(connection: sqlite3.Connection, _record: object) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StorageError, match=r"disk .* full\n.*free space"):
            catalog.federation.set("key", "x" * 1_000_000)
        assert catalog.federation.get("key") is None


def test_sqlite_keeps_what_was_committed(on_sqlite: str) -> None:
    def pragma(connection: Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

    with open_catalog(on_sqlite) as catalog:
        found = catalog._database.read(
            lambda connection: [
                pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        )
    assert found == ["wal", 2, 1, 30_000]


def test_a_new_file_is_its_owner_s_only(on_sqlite: str) -> None:
    mode = Path(on_sqlite.removeprefix("sqlite:///")).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize("use", [open_catalog, upgrade_catalog])
def test_a_missing_folder_is_named(tmp_path: Path, use: Callable[[str], object]) -> None:
    with pytest.raises(StorageError, match=f"mkdir -p {tmp_path}/nowhere"):
        use(f"sqlite:///{tmp_path}/nowhere/catalog.db")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("use", [open_catalog, upgrade_catalog])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, use: Callable[[str], object]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database at all " * 100)
    with pytest.raises(StorageError, match=r"notes.txt cannot be used"):
        use(f"sqlite:///{file}")


def test_looking_for_a_catalog_makes_none(tmp_path: Path) -> None:
    with pytest.raises(SchemaRevisionError, match=r"revision none.*\n.*fomrepo catalog upgrade"):
        open_catalog(f"sqlite:///{tmp_path}/catalog.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "no url",
        "mysql://host/catalog",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+no_such_driver://host/catalog",
    ],
)
@pytest.mark.parametrize("use", [open_catalog, upgrade_catalog])
def test_a_url_that_cannot_be_used_is_refused_with_one_that_can(url: str, use: Callable[[str], object]) -> None:
    with pytest.raises(SettingsError, match=r"sqlite:////|postgresql\+psycopg2://"):
        use(url)


def test_every_complaint_is_one_of_ours(on_sqlite: str) -> None:
    Path(on_sqlite.removeprefix("sqlite:///")).write_bytes(b"\0" * 8192)
    with pytest.raises(FomrepoError):
        open_catalog(on_sqlite)
