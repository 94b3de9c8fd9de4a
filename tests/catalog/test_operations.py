"""Operations and their states."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.operations import Operation, OperationEnd, OperationState, Provenance
from fomrepo.model.people import Principal

FINAL = (OperationState.DONE, OperationState.FAILED, OperationState.CANCELLED)


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


def opened(catalog: Catalog, who: Principal, key: str = "key", request_digest: str = "r") -> tuple[Operation, bool]:
    return catalog.operations.open(who.id, key=key, request_digest=request_digest, method="rmsd 1.0.0", home="site-a")


def test_the_same_key_names_one_operation(catalog: Catalog, ada: Principal) -> None:
    operation, new = opened(catalog, ada)
    assert new
    assert operation == Operation(
        operation.id, ada.id, OperationState.WAITING, None, "rmsd 1.0.0", operation.created, home="site-a"
    )
    assert opened(catalog, ada) == (operation, False)
    assert catalog.operations.get(operation.id, ada.id) == operation


def test_a_key_of_another_call_is_refused(catalog: Catalog, ada: Principal) -> None:
    opened(catalog, ada)
    with pytest.raises(ConflictError, match="idempotency key"):
        opened(catalog, ada, request_digest="another")


def test_the_operation_of_another_is_not_there(catalog: Catalog, ada: Principal) -> None:
    bob = catalog.people.add_principal("bob")
    operation, _ = opened(catalog, ada)
    assert opened(catalog, bob)[1]
    assert catalog.operations.get(operation.id, bob.id) is None
    with pytest.raises(NotFoundError, match=operation.id):
        catalog.operations.request_cancel(operation.id, bob.id)


def test_its_site_and_progress_are_known(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    catalog.operations.serve(operation.id, "site-b")
    catalog.operations.progress(operation.id, 2**33, 2**34)
    running = catalog.operations.get(operation.id, ada.id)
    assert running is not None
    assert (running.state, running.site) == (OperationState.RUNNING, "site-b")
    assert (running.done, running.total) == (2**33, 2**34)


def test_a_done_operation_says_where_its_answer_came_from(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    provenance = Provenance(
        operation=operation.id,
        site="site-b",
        method="rmsd",
        version="1.0.0",
        method_digest="m",
        environment_digest="e",
        inputs=(("FOM-402917.v1", "adk.xtc", "d"),),
        arguments={"select": "name CA", "weights": None, "cutoff": 0.1},
        cached=False,
        wall_s=0.1,
        computed=1_700_000_000.123456,
        way="hot",
        detours=(("site-a", "no answer"),),
    )
    assert catalog.operations.finish(
        operation.id,
        OperationEnd(
            OperationState.DONE,
            provenance=provenance,
            result_size=2**40,
            result=("site-b", "blob"),
            schema_json='{"name":"rmsd"}',
        ),
    )
    done = catalog.operations.get(operation.id, ada.id)
    assert done is not None
    assert (done.state, done.provenance, done.result_size) == (OperationState.DONE, provenance, 2**40)
    assert (done.held_by, done.blob, done.schema_json) == ("site-b", "blob", '{"name":"rmsd"}')


@pytest.mark.parametrize("first", FINAL)
def test_the_first_final_state_wins(catalog: Catalog, ada: Principal, first: OperationState) -> None:
    operation, _ = opened(catalog, ada)
    failure = b"\x00why" if first is OperationState.FAILED else None
    assert catalog.operations.finish(operation.id, OperationEnd(first, failure=failure))
    for later in FINAL:
        assert not catalog.operations.finish(
            operation.id, OperationEnd(later, failure=b"other", result=("site-c", "blob"))
        )
    catalog.operations.serve(operation.id, "site-c")
    catalog.operations.progress(operation.id, 1, 2)
    ended = catalog.operations.get(operation.id, ada.id)
    assert ended is not None
    assert (ended.state, ended.failure, ended.site, ended.done, ended.blob) == (first, failure, None, 0, "")


def test_an_operation_ends_in_a_final_state_only(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    with pytest.raises(ValueError, match="running"):
        catalog.operations.finish(operation.id, OperationEnd(OperationState.RUNNING))


def test_an_operation_may_have_ended_before_it_is_noted(catalog: Catalog, ada: Principal) -> None:
    end = OperationEnd(OperationState.DONE, result_size=7, result=("site-b", "blob"), result_key="result key")
    operation, _ = catalog.operations.open(
        ada.id, key="k", request_digest="r", method="rmsd 1.0.0", home="site-a", site="site-b", end=end
    )
    done = catalog.operations.get(operation.id, ada.id)
    assert done is not None
    assert (done.state, done.result_size, done.held_by, done.site) == (OperationState.DONE, 7, "site-b", "site-b")
    assert catalog.operations.answered(ada.id, "result key")
    assert not catalog.operations.finish(operation.id, OperationEnd(OperationState.FAILED))


def test_a_request_to_cancel_is_seen_by_who_serves(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    assert not catalog.operations.cancel_requested(operation.id)
    assert catalog.operations.request_cancel(operation.id, ada.id)
    assert catalog.operations.cancel_requested(operation.id)


def test_what_has_ended_cannot_be_cancelled(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    catalog.operations.finish(operation.id, OperationEnd(OperationState.DONE))
    assert not catalog.operations.request_cancel(operation.id, ada.id)
    assert not catalog.operations.cancel_requested(operation.id)


@pytest.mark.parametrize("state", FINAL)
def test_only_an_answer_that_was_given_is_remembered(catalog: Catalog, ada: Principal, state: OperationState) -> None:
    operation, _ = opened(catalog, ada)
    assert not catalog.operations.answered(ada.id, "result key")
    catalog.operations.finish(operation.id, OperationEnd(state, result_key="result key"))
    assert catalog.operations.answered(ada.id, "result key") == (state is OperationState.DONE)
    assert not catalog.operations.answered(ada.id, "another key")


def test_the_history_of_another_says_nothing(catalog: Catalog, ada: Principal) -> None:
    operation, _ = opened(catalog, ada)
    catalog.operations.finish(operation.id, OperationEnd(OperationState.DONE, result_key="result key"))
    assert not catalog.operations.answered(catalog.people.add_principal("bob").id, "result key")


def test_a_lost_operation_is_adopted_by_one_site_with_its_request(catalog: Catalog, ada: Principal) -> None:
    operation, _ = catalog.operations.open(
        ada.id, key="key", request_digest="r", method="rmsd", home="site-a", request=b"\x00request"
    )
    with ThreadPoolExecutor(8) as threads:
        adopt = partial(catalog.operations.adopt, operation.id, lost_home="site-a")
        given = list(threads.map(lambda n: adopt(home=f"site-{n}"), range(8)))
    (winner,) = [n for n, request in enumerate(given) if request is not None]
    assert given[winner] == b"\x00request"
    adopted = catalog.operations.get(operation.id, ada.id)
    assert adopted is not None
    assert adopted.home == f"site-{winner}"


@pytest.mark.parametrize("state", FINAL)
def test_what_has_ended_is_not_adopted(catalog: Catalog, ada: Principal, state: OperationState) -> None:
    operation, _ = opened(catalog, ada)
    catalog.operations.finish(operation.id, OperationEnd(state))
    assert catalog.operations.adopt(operation.id, lost_home="site-a", home="site-b") is None


def test_ones_own_are_listed_newest_first(catalog: Catalog, ada: Principal) -> None:
    bob = catalog.people.add_principal("bob")
    made = [opened(catalog, ada, key=f"key {number}")[0].id for number in range(3)]
    opened(catalog, bob)
    first, after = catalog.operations.own(ada.id, limit=2)
    rest, end = catalog.operations.own(ada.id, limit=2, after=after)
    assert [one.id for one in (*first, *rest)] == sorted(made, reverse=True)
    assert end is None


def test_only_what_ended_long_ago_is_forgotten(catalog: Catalog, ada: Principal) -> None:
    ended, running = (opened(catalog, ada, key=key)[0] for key in ("ended", "running"))
    catalog.operations.finish(ended.id, OperationEnd(OperationState.CANCELLED, b"x"))
    assert catalog.operations.forget_ended(ended.created) == 0
    assert catalog.operations.forget_ended(running.created + 1.0) == 1
    assert catalog.operations.get(ended.id, ada.id) is None
    assert catalog.operations.get(running.id, ada.id) is not None
