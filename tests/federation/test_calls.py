"""Calls: what a client may send that is not ours, and what becomes of methods that fail, hang or lie."""

from __future__ import annotations

import concurrent.futures
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    BundleRefusedError,
    CallerError,
    ConflictError,
    FomrepoError,
    MethodFailedError,
    NoReplicaError,
    NotFoundError,
    OutcomeRefusedError,
    SiteUnreachableError,
)
from fomrepo.site.administration import read_folder
from fomrepo.testing import LocalFederation
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import calls_pb2, deposits_pb2, files_pb2
from tests.federation.methods import SLOW, draft, publish
from tests.federation.raw import RawClient, call_request, ended, error_of, raw_client
from tests.federation.records import TOPOLOGY, TRAJECTORY, blobs, bytes_on_their_way, runs, until


@pytest.fixture
def client(federation: LocalFederation, adk: Record) -> Iterator[RawClient]:
    """Return a client of the shared record's owner that checks nothing."""
    with raw_client(federation, "site-a", federation.token(adk.owner)) as raw:
        yield raw


@pytest.fixture
def traj(owner: Repository, adk: Record) -> object:
    """Return the shared trajectory, through site-a."""
    return owner[adk.accession][TRAJECTORY]


@pytest.fixture(scope="module", autouse=True)
def _slow_is_published(federation: LocalFederation) -> None:
    publish(federation, SLOW)


# --- arguments --------------------------------------------------------------------------------------------------------

BAD_ARGUMENTS = {
    "not json": "{",
    "no object": "[]",
    "deep": "[" * 100_000,
    "unknown name": '{"selection": "name CA"}',
    "wrong type": '{"select": 5}',
    "number for a bool": '{"mass_weighted": 1}',
    "null": '{"select": null}',
    "list": '{"select": ["name CA"]}',
    "empty": '{"select": " "}',
    "too long": json.dumps({"select": "x" * 20_000}),
    "half a character": '{"select": "name \\ud800"}',
    "not a number": '{"ref_frame": NaN}',
    "huge": '{"ref_frame": ' + "9" * 400 + "}",
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_the_site_checks_arguments_whatever_the_client_did(
    client: RawClient, adk: Record, federation: LocalFederation, name: str
) -> None:
    before = runs(federation)
    request = call_request(adk.accession, TRAJECTORY, "rmsd", arguments_json=BAD_ARGUMENTS[name])
    assert isinstance(error_of(client.calls.Call, request), ArgumentError)
    assert runs(federation) == before


def test_frames_are_checked_by_the_site(client: RawClient, adk: Record) -> None:
    for frames in (
        calls_pb2.FrameRange(step=0),
        calls_pb2.FrameRange(listed=True, frames=[1], stop=5),
    ):
        request = call_request(adk.accession, TRAJECTORY, frames=frames)
        assert isinstance(error_of(client.calls.Call, request), ArgumentError)


@pytest.mark.parametrize(
    ("inputs", "method", "kind"),
    [
        ([], "info", ArgumentError),
        ([(TRAJECTORY, 2)], "rmsd", ArgumentError),
        ([("adk.dcd", 1)], "rmsd", NotFoundError),
        ([("a\0b", 1)], "rmsd", ArgumentError),
        ([(TOPOLOGY, 1)], "rmsd", ArgumentError),
        ([(TRAJECTORY, 1)], "rsmd", NotFoundError),
        ([(TRAJECTORY, 1)], "", NotFoundError),
        ([(TRAJECTORY, 1)], "slow\0", ArgumentError),
    ],
)
def test_inputs_and_methods_are_checked_by_the_site(
    client: RawClient, adk: Record, inputs: list[tuple[str, int]], method: str, kind: type[FomrepoError]
) -> None:
    request = call_request(adk.accession, TRAJECTORY, method)
    del request.inputs[:]
    request.inputs.extend(
        calls_pb2.FileRef(record=adk.accession, name=name) for name, count in inputs for _ in range(count)
    )
    assert isinstance(error_of(client.calls.Call, request), kind)


@pytest.mark.parametrize("record", ["", "FOM-1", "../x", "FOM-402917.v0", "/a/b/c", "'; drop table records; --", "\0"])
def test_texts_that_name_no_record_are_refused(client: RawClient, record: str) -> None:
    assert isinstance(error_of(client.calls.Call, call_request(record, TRAJECTORY)), CallerError)
    assert isinstance(error_of(client.files.GetRecord, files_pb2.GetRecordRequest(record=record)), CallerError)


def test_odd_numbers_in_requests_are_no_mistake_of_the_site(client: RawClient, adk: Record) -> None:
    for wait_s in (math.nan, math.inf, -1.0):
        request = call_request(adk.accession, TRAJECTORY)
        request.wait_s = wait_s
        operation = client.calls.Call(request).operation
        client.calls.Wait(calls_pb2.WaitRequest(operation=operation, wait_s=min(wait_s, 1.0)))
        assert ended(client, client.calls.Wait(calls_pb2.WaitRequest(operation=operation))).state == "done"
        for offset in (2**40, 2**63, 2**64 - 1):
            read = client.calls.ReadResult(calls_pb2.ReadResultRequest(operation=operation, offset=offset))
            assert b"".join(one.data for one in read) == b""
    for offset in (2**40, 2**64 - 1):
        read = client.files.ReadFile(files_pb2.ReadFileRequest(record=adk.accession, name=TOPOLOGY, offset=offset))
        assert b"".join(one.data for one in read) == b""
    assert len(client.files.ListRecords(files_pb2.ListRecordsRequest(limit=2**32 - 1)).records) >= 1


@pytest.mark.parametrize("key", ["x" * 10_000, "a\0b"])
def test_odd_keys_are_refused(client: RawClient, adk: Record, key: str) -> None:
    begin = deposits_pb2.BeginDepositRequest(
        idempotency_key=key, title="Odd", files=[deposits_pb2.FileToCome(name=TOPOLOGY, size=1)]
    )
    call = call_request(adk.accession, TRAJECTORY, idempotency_key=key, frames=calls_pb2.FrameRange(stop=3))
    assert isinstance(error_of(client.deposits.Begin, begin), ArgumentError)
    assert isinstance(error_of(client.calls.Call, call), ArgumentError)


# --- one key, one operation -------------------------------------------------------------------------------------------


def is_noted(client: RawClient, operation: str) -> bool:
    """Whether a site finds an operation that another one took."""
    try:
        client.calls.Wait(calls_pb2.WaitRequest(operation=operation))
    except grpc.RpcError:
        return False
    return True


def test_a_key_names_one_operation(client: RawClient, adk: Record, federation: LocalFederation) -> None:
    request = call_request(adk.accession, TRAJECTORY, frames=calls_pb2.FrameRange(start=90))
    first = ended(client, client.calls.Call(request))
    before = runs(federation)
    again = client.calls.Call(request)
    with raw_client(federation, "site-c", federation.token(adk.owner)) as elsewhere:
        until(lambda: is_noted(elsewhere, first.operation))  # a note follows the answer
        other = ended(elsewhere, elsewhere.calls.Call(request))
    assert again.operation == other.operation == first.operation
    assert again.provenance_json == other.provenance_json == first.provenance_json
    assert again.result == other.result == first.result
    assert runs(federation) == before


def test_a_key_is_not_used_for_another_call(client: RawClient, adk: Record) -> None:
    request = call_request(adk.accession, TRAJECTORY, frames=calls_pb2.FrameRange(start=91))
    ended(client, client.calls.Call(request))
    request.frames.start = 92
    assert isinstance(error_of(client.calls.Call, request), ConflictError)
    request.frames.start = 91
    request.method = "info"
    request.ClearField("frames")
    assert isinstance(error_of(client.calls.Call, request), ConflictError)


def test_the_same_call_sent_twice_at_once_runs_once(
    client: RawClient, adk: Record, federation: LocalFederation
) -> None:
    request = call_request(adk.accession, TRAJECTORY, "slow", arguments_json='{"seconds": 1.5}')
    before = runs(federation)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: ended(client, client.calls.Call(request)), range(4)))
    assert len({one.operation for one in replies}) == 1
    assert runs(federation) == before + 1


# --- waiting, cancelling ----------------------------------------------------------------------------------------------


def test_any_site_tells_of_an_operation(owner: Repository, adk: Record, federation: LocalFederation) -> None:
    future = owner[adk.accession][TRAJECTORY].submit.slow(seconds=1.6)
    with federation.connect(adk.owner, site="site-c") as elsewhere:
        answer = elsewhere.operation(future.operation).result(timeout=60)
    assert answer.operation == future.operation == future.result(timeout=10).operation


@pytest.mark.parametrize(("through", "runs_at"), [("site-a", "site-a"), ("site-c", "site-a"), ("site-c", "site-b")])
def test_cancelling_ends_the_guest(
    owner: Repository, adk: Record, federation: LocalFederation, through: str, runs_at: str
) -> None:
    with raw_client(federation, "site-a", federation.token(adk.owner)) as client:
        call = call_request(adk.accession, TRAJECTORY, "slow", arguments_json='{"seconds": 100}')
        bundle = bundle_to_wire(read_folder(SLOW))
        request = calls_pb2.TryDraftRequest(call=call, bundle=bundle, at_site=runs_at)
        reply = client.calls.TryDraft(request)
        until(lambda: client.calls.Wait(calls_pb2.WaitRequest(operation=reply.operation)).done > 0)
    with federation.connect(adk.owner, site=through) as repo:
        future = repo.operation(reply.operation)
        assert future.cancel()
        assert future.cancelled()
        with pytest.raises(concurrent.futures.CancelledError):
            future.result()
        until(lambda: next(one.running for one in repo.sites() if one.name == runs_at) == 0, timeout_s=15)
        until(lambda: repo.operation(reply.operation).state == "cancelled")
    log = (federation[runs_at].home / "site.log").read_text().splitlines()
    assert json.loads(next(line for line in reversed(log) if '"event": "run"' in line))["ended"] == "cancelled"


def test_a_call_that_waits_for_a_slot_is_cancelled_at_once(
    owner: Repository, adk: Record, federation: LocalFederation
) -> None:
    traj = owner[adk.accession][TRAJECTORY]
    with raw_client(federation, "site-b", federation.token(adk.owner)) as client:
        operations = []
        for seconds in range(3):  # one more than there are slots
            call = call_request(adk.accession, TRAJECTORY, arguments_json=f'{{"seconds": {90 + seconds}}}')
            call.wait_s = 0.0
            request = calls_pb2.TryDraftRequest(call=call, bundle=bundle_to_wire(read_folder(SLOW)), at_site="site-b")
            operations.append(client.calls.TryDraft(request).operation)
        with federation.connect(adk.owner, site="site-b") as repo:
            until(lambda: next(one.waiting for one in repo.sites() if one.name == "site-b") == 1)
            for operation in reversed(operations):
                assert repo.operation(operation).cancel()
            until(lambda: next(one.running for one in repo.sites() if one.name == "site-b") == 0)
    assert traj.info().n_atoms == 3341


# --- methods that fail ------------------------------------------------------------------------------------------------


def test_a_method_s_own_frames_and_log_arrive(owner: Repository, traj: object, tmp_path: Path) -> None:
    folder = draft(
        tmp_path / "fails",
        """
        def inner(x):
            print("the last words")
            return 1 / x
        for frame in frames:
            inner(0)
        """,
    )
    with pytest.raises(MethodFailedError) as caught:
        owner.try_draft(folder, traj)
    error = caught.value
    assert error.type_name == "ZeroDivisionError"
    assert [(one.file, one.function, one.source) for one in error.frames] == [
        ("tried.py", "tried", "inner(0)"),
        ("tried.py", "inner", "return 1 / x"),
    ]
    assert error.log.splitlines()[-1] == "the last words"
    assert error.limit is None
    assert "tried.py, line" in str(error)


def test_a_failure_is_remembered(owner: Repository, traj: object, tmp_path: Path, federation: LocalFederation) -> None:
    folder = draft(tmp_path / "fails", "raise KeyError('gone')")
    with pytest.raises(MethodFailedError) as caught:
        owner.try_draft(folder, traj)
    operation = caught.value.facts["operation"]
    with federation.connect("alice", site="site-c") as elsewhere, pytest.raises(MethodFailedError) as again:
        elsewhere.operation(operation).result(timeout=10)
    assert (again.value.type_name, again.value.frames) == ("KeyError", caught.value.frames)


@pytest.mark.parametrize(
    ("body", "limits", "name"),
    [
        ("import numpy\nreturn {'n': numpy.ones((2000, 2**17)).sum()}", {"memory_mib": 400}, "memory"),
        ("import time\ntime.sleep(60)", {"wall_s": 2}, "wall"),
        ("while True: pass", {"wall_s": 2}, "wall or cpu"),
    ],
    ids=["memory", "sleep", "spin"],
)
def test_the_limit_that_was_hit_is_named(
    owner: Repository, traj: object, tmp_path: Path, body: str, limits: dict[str, int], name: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(MethodFailedError) as caught:
        owner.try_draft(draft(tmp_path / "large", body, **limits), traj)
    assert caught.value.limit is not None
    assert caught.value.limit.name in name
    assert caught.value.limit.used > 0
    assert "limit hit" in str(caught.value)
    assert time.monotonic() - begun < 30


def test_a_crash_is_told_as_one(owner: Repository, traj: object, tmp_path: Path) -> None:
    with pytest.raises(MethodFailedError, match="ended without an answer"):
        owner.try_draft(draft(tmp_path / "crash", "import ctypes\nctypes.string_at(0)"), traj)


# --- methods that lie -------------------------------------------------------------------------------------------------

WRONG_RESULTS = {
    "an extra field": ("return {'n': 1, 'more': 2}", 'n = "int64"'),
    "a missing field": ("return {}", 'n = "int64"'),
    "no mapping": ("return 5", 'n = "int64"'),
    "a wrong shape": ("import numpy\nreturn {'n': numpy.zeros((3, 2))}", 'n = "float64 frame"'),
    "another length than the frames": ("return {'n': [1.0, 2.0]}", 'n = "float64 frame"'),
    "two lengths of one dim": ("return {'a': [1.0], 'b': [1.0, 2.0]}", 'a = "float64 x"\nb = "float64 x"'),
    "texts for numbers": ("return {'n': ['a']}", 'n = "float64 x"'),
    "objects": ("return {'n': [object()]}", 'n = "float64 x"'),
    "a fraction for a whole number": ("return {'n': 0.5}", 'n = "int64"'),
}


@pytest.mark.parametrize("what", WRONG_RESULTS)
def test_a_result_that_was_not_declared_is_refused(owner: Repository, traj: object, tmp_path: Path, what: str) -> None:
    body, fields = WRONG_RESULTS[what]
    with pytest.raises((MethodFailedError, OutcomeRefusedError)):
        owner.try_draft(draft(tmp_path / "lies", body, fields), traj)


#: Written straight to the socket, past the harness, as an attacker would: header of the container, bytes behind it.
FORGED = {
    "hidden extra tensor": ({"n": ["I64", [], 0, 8], "x": ["I64", [], 8, 16]}, 16),
    "another dtype": ({"n": ["F64", [], 0, 8]}, 8),
    "a shape that needs more than there is": ({"n": ["I64", [2**40], 0, 8]}, 8),
    "a shape of huge empty axes": ({"n": ["I64", [0, 2**62], 0, 0]}, 0),
    "bytes behind the end": ({"n": ["I64", [], 0, 8]}, 4096),
    "offsets beyond the end": ({"n": ["I64", [], 2**60, 2**60 + 8]}, 8),
    "a negative shape": ({"n": ["I64", [-1], 0, 8]}, 8),
}

FORGE = """
import json, os, struct
tensors = {{}}
for name, (dtype, shape, start, end) in json.loads({tensors!r}).items():
    tensors[name] = {{"dtype": dtype, "shape": shape, "data_offsets": [start, end]}}
header = {{"__metadata__": {{"outcome": '{{"status":"ok"}}'}}, **tensors}}
text = json.dumps(header).encode()
text += b" " * (-(8 + len(text)) % 8)
body = struct.pack("<Q", len(text)) + text + bytes({n_bytes})
os.write(3, b"o" + struct.pack("<Q", len(body)) + body)
os._exit(0)
"""


@pytest.mark.parametrize("what", FORGED)
def test_an_answer_written_past_the_harness_is_refused(
    owner: Repository, traj: object, tmp_path: Path, federation: LocalFederation, what: str
) -> None:
    tensors, n_bytes = FORGED[what]
    body = FORGE.format(tensors=json.dumps(tensors), n_bytes=n_bytes)
    before = [len(blobs(federation, site)) for site in federation.sites]
    with pytest.raises(OutcomeRefusedError):
        owner.try_draft(draft(tmp_path / "forges", body), traj)
    assert [len(blobs(federation, site)) for site in federation.sites] == before


def test_an_honest_answer_past_the_harness_is_taken(owner: Repository, traj: object, tmp_path: Path) -> None:
    """The control of the test above: it fails for what was forged, not for how."""
    body = FORGE.format(tensors=json.dumps({"n": ["I64", [], 0, 8]}), n_bytes=8)
    assert owner.try_draft(draft(tmp_path / "honest", body), traj).n == 0


def test_what_is_no_number_arrives_where_numbers_are_allowed(owner: Repository, traj: object, tmp_path: Path) -> None:
    body = "import numpy\nreturn {'n': numpy.array([numpy.nan, numpy.inf, -numpy.inf, -0.0])}"
    answer = owner.try_draft(draft(tmp_path / "nan", body, 'n = "float64 x"'), traj)
    np.testing.assert_array_equal(answer.n, [math.nan, math.inf, -math.inf, -0.0])


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_never_answered_from_the_cache(
    owner: Repository, traj: object, tmp_path: Path, federation: LocalFederation
) -> None:
    folder = draft(tmp_path / "draws", "import random\nreturn {'n': random.SystemRandom().getrandbits(60)}")
    before = runs(federation)
    answers = [owner.try_draft(folder, traj) for _ in range(2)]
    assert answers[0].n != answers[1].n
    assert [one.cached for one in answers] == [False, False]
    assert runs(federation) == before + 2


def test_a_draft_runs_where_it_is_told_to(owner: Repository, traj: object, tmp_path: Path) -> None:
    folder = draft(tmp_path / "one", "return {'n': 1}")
    assert [owner.try_draft(folder, traj, at_site=site).site for site in ("site-a", "site-b")] == ["site-a", "site-b"]
    with pytest.raises(NoReplicaError, match="site-c has no good copy"):
        owner.try_draft(folder, traj, at_site="site-c")
    with pytest.raises((SiteUnreachableError, NotFoundError), match="site-x"):
        owner.try_draft(folder, traj, at_site="site-x")


def test_a_draft_sees_the_data_that_it_was_given_and_nothing_else(
    owner: Repository, traj: object, tmp_path: Path
) -> None:
    body = "import os\nreturn {'names': sorted(os.listdir('/in'))}"
    folder = draft(tmp_path / "looks", body, 'names = "string name"')
    assert owner.try_draft(folder, traj).names.tolist() == ["first.topology.psf", "first.trajectory.dcd"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("../escape.py", b""),
        ("/etc/cron.d/job", b""),
        ("a\0b.py", b""),
        ("method.toml", b"name = 'x'"),
        ("method.toml", b"\xff\xfe"),
        ("big.py", b"#" * (3 * 2**20)),
    ],
    ids=["climbs", "absolute", "nul", "no schema", "no text", "too large"],
)
def test_a_bundle_that_is_none_is_refused(
    client: RawClient, adk: Record, tmp_path: Path, path: str, content: bytes
) -> None:
    files = read_folder(draft(tmp_path / "good", "return {'n': 1}")) | {path: content}
    request = calls_pb2.TryDraftRequest(call=call_request(adk.accession, TRAJECTORY), bundle=bundle_to_wire(files))
    assert isinstance(error_of(client.calls.TryDraft, request), BundleRefusedError | ArgumentError)


def test_nothing_of_all_that_is_left_behind(federation: LocalFederation) -> None:
    for site in federation.sites:
        assert [one for one in bytes_on_their_way(federation, site) if not one.endswith(".part")] == []
