"""Every step of the schema's history, up and down, on both databases, with rows in them.

``rows/REVISION.sql`` holds rows for the tables that the step to that revision adds or changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, select, text

from fomrepo.catalog import open_catalog, upgrade_catalog
from fomrepo.catalog.database import Database
from fomrepo.catalog.schema import REVISION
from fomrepo.catalog.tables import metadata
from fomrepo.errors import FomrepoError, SchemaRevisionError
from fomrepo.installed_files import installed_folder

T = TypeVar("T")

HISTORY = ScriptDirectory(str(installed_folder("migrations")))
#: From the oldest to the newest.
REVISIONS = [script.revision for script in HISTORY.walk_revisions()][::-1]
ROWS = Path(__file__).parent / "rows"


def run(url: str, work: Callable[[Connection], T]) -> T:
    """Run something in one transaction."""
    database = Database(url)
    try:
        return database.write(work)
    finally:
        database.close()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def all_rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=repr)
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


def insert_rows(revision: str) -> Callable[[Connection], None]:
    """Return what inserts the rows of a revision."""
    statements = (ROWS / f"{revision}.sql").read_text().split(";\n")

    def insert(connection: Connection) -> None:
        for statement in filter(str.strip, statements):
            connection.exec_driver_sql(statement)

    return insert


def structure(connection: Connection) -> dict[str, Any]:
    """Everything that the database says of its tables, but for the order of columns."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name),
            **{
                kind: sorted(json.dumps(one, sort_keys=True, default=str) for one in found)
                for kind, found in (
                    ("unique", inspector.get_unique_constraints(name)),
                    ("foreign keys", inspector.get_foreign_keys(name)),
                    ("checks", inspector.get_check_constraints(name)),
                    ("indexes", inspector.get_indexes(name)),
                )
            },
        }
        for name in tables(connection)
    }


def test_every_step_keeps_the_rows_up_and_down(empty_database: str) -> None:
    before: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for revision in REVISIONS:
        upgrade_catalog(empty_database, revision)
        run(empty_database, insert_rows(revision))
        before[revision] = run(empty_database, all_rows)
    for revision in reversed(REVISIONS):
        upgrade_catalog(empty_database, revision)
        assert run(empty_database, all_rows) == before[revision]
    upgrade_catalog(empty_database)
    after = run(empty_database, all_rows)
    assert {name: after[name] for name in before[REVISIONS[0]]} == before[REVISIONS[0]]


def test_each_table_has_a_row_in_the_rehearsal(empty_database: str) -> None:
    for revision in REVISIONS:
        upgrade_catalog(empty_database, revision)
        run(empty_database, insert_rows(revision))
    assert [name for name, rows in run(empty_database, all_rows).items() if not rows] == []


def test_the_way_down_leaves_no_table(empty_database: str) -> None:
    upgrade_catalog(empty_database)
    assert run(empty_database, tables) == set(metadata.tables)
    upgrade_catalog(empty_database, "base")
    assert run(empty_database, tables) == set()


def test_the_history_leads_to_the_tables_of_the_program(empty_database: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    upgrade_catalog(empty_database)
    assert run(empty_database, differences) == []


def test_the_history_makes_every_constraint_of_the_tables(empty_database: str) -> None:
    upgrade_catalog(empty_database)
    by_history = run(empty_database, structure)
    upgrade_catalog(empty_database, "base")
    run(empty_database, metadata.create_all)
    assert by_history == run(empty_database, structure)


def test_a_step_that_fails_leaves_everything_as_it_was(empty_database: str) -> None:
    upgrade_catalog(empty_database, REVISIONS[0])
    run(empty_database, lambda connection: connection.execute(text("CREATE TABLE results (key TEXT)")))
    before = run(empty_database, structure)
    with pytest.raises(FomrepoError, match="results"):
        upgrade_catalog(empty_database)
    assert run(empty_database, structure) == before
    with pytest.raises(SchemaRevisionError, match=REVISIONS[0]):
        open_catalog(empty_database)


def test_an_older_catalog_is_refused_with_the_command_that_mends_it(empty_database: str) -> None:
    upgrade_catalog(empty_database, REVISIONS[0])
    with pytest.raises(SchemaRevisionError, match=rf"{REVISIONS[0]}.*{REVISION}\n.*fomrepo catalog upgrade") as raised:
        open_catalog(empty_database)
    assert raised.value.facts == {"found": REVISIONS[0], "expected": REVISION}


@pytest.mark.parametrize("use", [open_catalog, upgrade_catalog])
def test_a_newer_catalog_is_left_alone(empty_database: str, use: Callable[[str], object]) -> None:
    upgrade_catalog(empty_database)
    run(empty_database, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaRevisionError, match=rf"9999, newer than {REVISION}"):
        use(empty_database)


def test_the_program_works_with_the_newest_revision() -> None:
    assert HISTORY.get_heads() == [REVISION]
    assert sorted(REVISIONS) == REVISIONS


def test_each_step_is_named_by_its_sentence() -> None:
    for script in HISTORY.walk_revisions():
        sentence = script.doc.splitlines()[0]
        assert sentence.endswith(".")
        assert Path(script.path).name.startswith(f"v{script.revision}_"), sentence
