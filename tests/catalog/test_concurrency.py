"""Three processes with three threads each, as three sites are, at one catalog."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select, update

from fomrepo.catalog import Catalog, open_catalog
from fomrepo.catalog.fence import fenced_insert
from fomrepo.catalog.tables import replicas, result_sources, results, versions
from fomrepo.model.files import ReplicaState
from tests.catalog.examples import FINGERPRINT, PSF, draft, named, probed, record, result

T = TypeVar("T")

PROCESSES = 3
#: Long enough that whoever does not wait would be done.
A_WHILE_S = 0.3


def run_in_processes(workload: str, url: str) -> list[str]:
    """Run a workload in several processes that begin at the same moment; gather what they print."""
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.catalog.workload", workload, url],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=90)[0] for process in started]
    assert [process.returncode for process in started] == [0] * PROCESSES
    return [line for output in printed for line in json.loads(output)]


def kept(catalog: Catalog) -> set[str]:
    """Keys of all results."""
    return catalog._database.read(lambda connection: set(connection.scalars(select(results.c.key))))


def test_sites_that_start_at_once_make_one_catalog(empty_database: str) -> None:
    run_in_processes("upgrade", empty_database)
    with open_catalog(empty_database) as catalog:
        assert catalog.methods.changes() == 0


def test_each_operation_is_new_once(catalog: Catalog, database: str) -> None:
    catalog.people.add_principal("ada")
    assert sorted(run_in_processes("open_operations", database)) == sorted(f"key-{n}" for n in range(30))


def test_a_deposit_becomes_one_version(catalog: Catalog, database: str) -> None:
    ada = catalog.people.add_principal("ada")
    probed(catalog, draft(catalog, ada))
    accepted = run_in_processes("accept_one", database)
    (version,), _ = catalog.records.page(ada.id, limit=10)
    assert set(accepted) == {version.version_id}
    assert version.number == 1


def test_accessions_and_version_numbers_are_drawn_once(catalog: Catalog, database: str) -> None:
    ada = catalog.people.add_principal("ada")
    shared = record(catalog, ada, name="shared")
    made = run_in_processes("deposit_records", database)
    numbered = [one for one in made if one.startswith(f"{shared.accession}.")]
    assert len(set(made)) == len(made) == 90
    assert sorted(numbered) == sorted(f"{shared.accession}.v{number}" for number in range(2, 47))
    newest = catalog.records.find(named(shared), ada.id)
    assert newest is not None
    assert (newest.number, newest.current) == (46, True)


def test_no_result_outlives_what_it_was_computed_from(catalog: Catalog, database: str) -> None:
    catalog.replicas.finish("site-a", PSF, FINGERPRINT)
    committed = set(run_in_processes("commit_and_spoil", database))
    replica = catalog.replicas.get("site-a", PSF)
    assert replica is not None
    assert kept(catalog) == {key for key in committed if key.endswith(f"@{replica.generation}")}
    assert committed > kept(catalog)


def while_held(catalog: Catalog, first: Callable[[Connection], None], second: Callable[[], T]) -> T:
    """Do something while the transaction of something else is still open, and check that it waits for its end."""
    begun, end = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        first(connection)
        begun.set()
        assert end.wait(30)

    with ThreadPoolExecutor(2) as threads:
        holding = threads.submit(catalog._database.write, hold)
        assert begun.wait(10)
        waiting = threads.submit(second)
        try:
            with pytest.raises(TimeoutError):
                waiting.result(timeout=A_WHILE_S)
        finally:
            end.set()
        holding.result(timeout=30)
        return waiting.result(timeout=30)


def commit(catalog: Catalog) -> bool:
    return catalog.calls.commit_result(result(), replicas=[(PSF, 1)], versions=[], current=[])


def test_a_result_waits_for_a_spoiling_under_way_and_is_not_kept(catalog: Catalog) -> None:
    catalog.replicas.finish("site-a", PSF, FINGERPRINT)

    def spoil(connection: Connection) -> None:
        connection.execute(update(replicas).values(state="stale", generation=replicas.c.generation + 1))

    assert not while_held(catalog, spoil, lambda: commit(catalog))
    assert kept(catalog) == set()


def test_a_spoiling_waits_for_a_result_under_way_and_drops_it(catalog: Catalog) -> None:
    catalog.replicas.finish("site-a", PSF, FINGERPRINT)

    def insert(connection: Connection) -> None:
        statement, given = fenced_insert(catalog._database, result(), [(PSF, 1)], [], [])
        assert connection.execute(statement, given).rowcount == 1
        connection.execute(result_sources.insert().values(key="key", site="site-a", digest=PSF))

    dropped = while_held(catalog, insert, lambda: catalog.replicas.spoil("site-a", PSF, ReplicaState.STALE))
    assert dropped == ("blob",)
    assert kept(catalog) == set()


def test_a_result_waits_for_a_new_version_under_way_and_is_not_kept(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    version = record(catalog, ada)

    def supersede(connection: Connection) -> None:
        connection.execute(update(versions).values(is_current=False))

    assert not while_held(
        catalog,
        supersede,
        lambda: catalog.calls.commit_result(
            result(), replicas=[], versions=[version.version_id], current=[version.version_id]
        ),
    )
