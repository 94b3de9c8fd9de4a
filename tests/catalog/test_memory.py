"""What is not read again while nothing has changed, and that every change is noticed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, TextClause, event, select, text

from fomrepo.catalog import Catalog, open_catalog
from fomrepo.catalog.memory import Memory, Moment
from fomrepo.catalog.tables import metadata
from fomrepo.errors import InternalError, NotFoundError, WithdrawnError
from fomrepo.model.files import RecordState, RecordVersion, Replica, ReplicaState
from fomrepo.model.operations import MethodRef, OperationEnd, OperationState
from fomrepo.model.people import Principal
from fomrepo.model.results import ResolvedCall
from tests.catalog.examples import DCD, FINGERPRINT, PSF, method, named, publish, record, result, withdraw

#: What is read through SQLAlchemy at each moment; whether something has changed is asked past it.
EACH_TIME: list[str] = []


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    found = catalog.people.add_principal("ada")
    catalog.people.add_token("ada", label="laptop", handle="handle", sha256="5" * 64, expires=None)
    return found


@pytest.fixture
def adk(catalog: Catalog, ada: Principal) -> RecordVersion:
    catalog.methods.publish(method(), "{}")
    return record(catalog, ada)


Meaning = tuple[Principal | None, int, ResolvedCall, tuple[Replica, ...]]


def meaning(catalog: Catalog, who: Principal, version: RecordVersion) -> Meaning:
    """What a call of a method on a file means at one moment."""

    def look() -> Meaning:
        caller = catalog.people.authenticate("handle", "5" * 64, time.time())
        number = catalog.methods.changes()
        call = catalog.calls.resolve(who.id, [(named(version), "adk.xtc")], MethodRef("rmsd"))
        read = [(one.version.version_id, one.objects) for one in call.inputs]
        return caller, number, call, catalog.replicas.of_inputs(who.id, read)

    return catalog.at_one_moment(look)


@contextmanager
def tables_read(catalog: Catalog) -> Iterator[list[str]]:
    """First table of each query of the block."""
    read: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        read.extend(re.findall(r"^SELECT.*?\bFROM (\w+)(?![\w(])", statement, re.DOTALL))

    event.listen(catalog._database._engine, "before_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(catalog._database._engine, "before_cursor_execute", note)


def test_what_has_not_changed_is_not_read_again(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    before = meaning(catalog, ada, adk)
    catalog.calls.commit_result(result(), replicas=[(PSF, 1), (DCD, 1)], versions=[adk.version_id], current=[])
    operation, _ = catalog.operations.open(ada.id, key="k", request_digest="r", method="rmsd 1.0.0", home="site-a")
    catalog.operations.finish(operation.id, OperationEnd(OperationState.CANCELLED))
    with tables_read(catalog) as read:
        assert meaning(catalog, ada, adk) == before
    assert read == EACH_TIME


def test_nobody_is_answered_from_what_another_has_read(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    bob = catalog.people.add_principal("bob")
    catalog.people.add_member("ada", "bob")
    meaning(catalog, ada, adk)
    with tables_read(catalog) as read:
        assert meaning(catalog, bob, adk)[2].inputs == meaning(catalog, ada, adk)[2].inputs
    assert {"versions", "files", "replicas"} <= set(read)
    catalog.people.remove_member("ada", "bob")
    with pytest.raises(NotFoundError, match="that you may see"):
        meaning(catalog, bob, adk)


def test_a_single_question_is_always_asked(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    meaning(catalog, ada, adk)
    with tables_read(catalog) as read:
        assert catalog.people.authenticate("handle", "5" * 64, time.time()) == ada
    assert read == ["tokens"]


CHANGES: dict[str, tuple[Callable[[Catalog, RecordVersion], object], Callable[[Meaning], object], object]] = {
    "a revoked token": (
        lambda catalog, adk: catalog.people.revoke_token("handle", time.time()),
        lambda seen: seen[0],
        None,
    ),
    "a new version": (
        lambda catalog, adk: record(catalog, owner(catalog), name="adk", new_version_of=named(adk)),
        lambda seen: seen[2].inputs[0].version.number,
        2,
    ),
    "a publication": (
        lambda catalog, adk: publish(catalog, adk),
        lambda seen: seen[2].scope,
        "public",
    ),
    "a spoilt copy": (
        lambda catalog, adk: catalog.replicas.spoil("site-a", DCD, ReplicaState.BAD),
        lambda seen: {one.state for one in seen[3] if one.digest == DCD},
        {ReplicaState.BAD},
    ),
    "a copy at another site": (
        lambda catalog, adk: copy(catalog, adk),
        lambda seen: {one.site for one in seen[3]},
        {"site-a", "site-b"},
    ),
    "a newer method": (
        lambda catalog, adk: catalog.methods.publish(method("1.1.0", content=b"newer"), "{}"),
        lambda seen: (seen[1], seen[2].method),
        (2, MethodRef("rmsd", "1.1.0")),
    ),
}


def owner(catalog: Catalog) -> Principal:
    found = catalog.people.principal("ada")
    assert found is not None
    return found


def copy(catalog: Catalog, adk: RecordVersion) -> None:
    """Put a version to another site."""
    for one in meaning(catalog, owner(catalog), adk)[3]:
        catalog.replicas.finish("site-b", one.digest, one.fingerprint)
    catalog.replicas.place(adk.version_id, "site-b")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_at_once(
    change: str, catalog: Catalog, database: str, ada: Principal, adk: RecordVersion
) -> None:
    make, shown, expected = CHANGES[change]
    assert shown(meaning(catalog, ada, adk)) != expected
    with open_catalog(database) as elsewhere:  # by another site
        make(elsewhere, adk)
    assert shown(meaning(catalog, ada, adk)) == expected


def test_what_is_withdrawn_is_read_no_more(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    publish(catalog, adk)
    meaning(catalog, ada, adk)
    withdraw(catalog, adk)
    with pytest.raises(WithdrawnError):
        meaning(catalog, ada, adk)


def test_an_embargo_ends_by_the_clock_alone(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    ends = time.time() + 3.0
    publish(catalog, adk, embargo_until=ends)
    before = meaning(catalog, ada, adk)[2]
    with tables_read(catalog) as read:
        assert meaning(catalog, ada, adk)[2] == before
    assert (before.inputs[0].version.state, before.scope) == (RecordState.EMBARGOED, "project:ada")
    assert read == EACH_TIME
    time.sleep(max(ends - time.time(), 0.0) + 0.1)
    after = meaning(catalog, ada, adk)[2]
    assert (after.inputs[0].version.state, after.scope) == (RecordState.PUBLISHED, "public")
    assert after.inputs[0] == replace(
        before.inputs[0], version=replace(before.inputs[0].version, state=RecordState.PUBLISHED)
    )


def test_an_embargo_that_ends_amid_the_reading_is_not_remembered(
    catalog: Catalog, ada: Principal, adk: RecordVersion
) -> None:
    ends = time.time() + 1.0
    publish(catalog, adk, embargo_until=ends)

    def wait_for_the_end(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "min(" in statement:
            time.sleep(max(ends - time.time(), 0.0) + 0.1)

    event.listen(catalog._database._engine, "before_cursor_execute", wait_for_the_end)
    assert meaning(catalog, ada, adk)[2].scope == "project:ada"
    assert meaning(catalog, ada, adk)[2].scope == "public"


def test_what_is_remembered_and_what_is_read_are_of_one_moment(
    catalog: Catalog, database: str, ada: Principal, adk: RecordVersion
) -> None:
    meaning(catalog, ada, adk)
    callers: list[Principal | None] = []

    def look() -> None:
        callers.append(catalog.people.authenticate("handle", "5" * 64, time.time()))
        if len(callers) == 1:
            with open_catalog(database) as elsewhere:
                elsewhere.people.revoke_token("handle", time.time())
        catalog.operations.answered(ada.id, "key")  # not remembered, so it is read

    catalog.at_one_moment(look)
    assert callers == [ada, None]


def test_nothing_is_refused_for_what_was_so(
    catalog: Catalog, database: str, ada: Principal, adk: RecordVersion
) -> None:
    catalog.replicas.spoil("site-a", DCD, ReplicaState.BAD)

    def refuse_bad_copies() -> int:
        copies = catalog.replicas.of_inputs(ada.id, [(adk.version_id, [DCD])])
        if any(one.state is ReplicaState.BAD for one in copies):
            raise LookupError
        return len(copies)

    for _ in range(2):
        with pytest.raises(LookupError):
            catalog.at_one_moment(refuse_bad_copies)
    with open_catalog(database) as elsewhere:
        elsewhere.replicas.finish("site-a", DCD, FINGERPRINT)
    assert catalog.at_one_moment(refuse_bad_copies) == 1


def execute(statement: TextClause, connection: Connection) -> None:
    connection.execute(statement)


COUNTED = sorted(
    {"files", "members", "methods", "placements", "principals", "projects"}
    | {"records", "registry", "replicas", "tokens", "versions"}
)


def test_each_table_counts_whoever_writes(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    unnoticed = []
    for table in COUNTED:
        before = catalog.number()
        assert catalog.unchanged_since(before)
        column = next(iter(metadata.tables[table].primary_key)).name
        update = text(f"UPDATE {table} SET {column} = {column}")
        catalog._database.write(partial(execute, update))
        if catalog.unchanged_since(before) or catalog.number() == before:
            unnoticed.append(table)
    assert unnoticed == []


def test_what_was_rolled_back_has_changed_nothing(catalog: Catalog, ada: Principal, adk: RecordVersion) -> None:
    before = catalog.number()

    def write_and_fail() -> None:
        catalog.people.revoke_token("handle", time.time())
        raise LookupError

    with pytest.raises(LookupError):
        catalog.together([write_and_fail])
    assert catalog.unchanged_since(before)
    assert meaning(catalog, ada, adk)[0] == ada


def test_after_a_fault_everything_is_read_again(
    catalog: Catalog, ada: Principal, adk: RecordVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = catalog.number()
    meaning(catalog, ada, adk)
    with pytest.raises(InternalError):
        catalog._database.read(partial(execute, text("SELECT number FROM nothing")))
    with tables_read(catalog) as read:  # by another server, perhaps, or from an older copy
        meaning(catalog, ada, adk)
    assert len(read) > len(EACH_TIME)
    nowhere = select(text("number")).select_from(text("nothing"))
    monkeypatch.setattr("fomrepo.catalog.database.NUMBER", nowhere)
    assert not catalog.unchanged_since(number)
    with tables_read(catalog) as read:
        meaning(catalog, ada, adk)
    assert len(read) > len(EACH_TIME)


def test_what_was_read_before_a_fault_is_not_kept_after_it() -> None:
    memory, before = Memory(), Moment(7, time.monotonic())
    memory.forget()
    memory.keep("question", before, "what the older copy does not say")
    assert memory.recall("question", Moment(7, time.monotonic())) is None


def test_a_connection_that_was_cut_is_thrown_away_silently(
    catalog: Catalog, ada: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    number = catalog.number()
    pooled = catalog._database._engine.raw_connection()
    driver = pooled.driver_connection
    pooled.close()
    assert driver is not None
    driver.close()
    assert not catalog.unchanged_since(number), "in doubt it has changed"
    assert catalog.unchanged_since(number)
    assert caplog.records == []
