"""Calls: what arrives, what does not, and what the site must not be believed."""

from __future__ import annotations

import concurrent.futures
import contextlib
import inspect
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fomrepo
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    CancelledError,
    LimitHit,
    MethodFailedError,
    MethodFrame,
    MethodNotTrustedError,
    NotFoundError,
    OutcomeRefusedError,
    SettingsError,
    SiteBusyError,
)
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.v1 import calls_pb2, files_pb2
from tests.client.scripted_site import (
    AUTHORITY,
    RMSD,
    TOKEN,
    ScriptedSite,
    container,
    reply,
    rmsd_container,
)


def pending(rounds: int, **last: Any) -> Any:
    """Answer as running for some rounds, then end."""
    left = iter(range(rounds))
    return lambda _: reply("running", done=1, total=3) if next(left, None) is not None else reply(**last)


def test_a_call_answers_with_a_typed_result(traj: RemoteFile) -> None:
    result = traj.rmsd(select="name CA", step=2)
    assert type(result).__name__ == result.result_type == "TimeSeries"
    np.testing.assert_array_equal(result.rmsd, [0, 0.5, 1])
    np.testing.assert_array_equal(result.times, [0, 1, 2])
    assert result.fields == ("frames", "times", "rmsd")
    assert result.units["rmsd"] == "angstrom"
    assert result.dims["rmsd"] == ("frame",)
    assert (result.cached, result.site, result.operation) == (False, "site-a", "op-1")
    assert "10.1107/S0108767305015266" in result.cite()
    assert "FOM-402917.v1, adk_dims.dcd" in result.cite()


def test_what_is_sent_is_canonical(site: ScriptedSite, traj: RemoteFile) -> None:
    traj.rmsd(select="  name   CA ", step=2)
    (request,) = site.requests("Call")
    assert request.arguments_json == '{"cutoff":3.5,"kind":"plain","select":"name CA"}'
    assert [(one.record, one.name) for one in request.inputs] == [("FOM-402917", "adk_dims.dcd")]
    assert (request.method, request.version) == ("rmsd", "1.0.0")
    assert request.frames.step == 2
    assert not request.frames.HasField("start")


def test_a_record_named_with_its_version_stays_at_it(site: ScriptedSite, repo: Repository) -> None:
    repo["FOM-402917.v1"]["adk_dims.dcd"].rmsd()
    assert site.requests("Call")[0].inputs[0].record == "FOM-402917.v1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"selct": "name CA"}, "did you mean 'select'"),
        ({"select": 3}, "select=3 is not accepted"),
        ({"cutoff": 51.0}, "cutoff=51.0 is not between 0 and 50"),
        ({"cutoff": float("nan")}, "cutoff=nan is not accepted"),
        ({"kind": "heavy"}, "'mass', 'plain'"),
        ({"step": 0}, "step=0"),
        ({"step": 1.5}, "step=1.5 is no frame index"),
        ({"frames": [1], "start": 0}, "frames= was given together"),
        ({"frames": []}, "frames= lists no frame"),
        ({"frames": range(10**12)}, "frames= lists more than 1,000,000 frames"),
    ],
)
def test_a_wrong_argument_sends_nothing(traj: RemoteFile, arguments: dict[str, Any], said: str) -> None:
    method = traj.rmsd
    before = traj._calls.connection.requests_sent
    with pytest.raises(ArgumentError) as caught:
        method(**arguments)
    assert said in str(caught.value)
    assert traj._calls.connection.requests_sent == before


def test_schemas_are_fetched_once(site: ScriptedSite, repo: Repository, traj: RemoteFile) -> None:
    for _ in range(3):
        traj.rmsd()
    assert dir(traj)
    assert site.counted["ListMethods"] == 1


def test_a_new_snapshot_fetches_schemas_again(site: ScriptedSite, traj: RemoteFile) -> None:
    traj.rmsd()
    site.answers["Call"] = lambda _: reply(snapshot=8)
    traj.rmsd()
    traj.rmsd()
    assert [one.known_snapshot for one in site.requests("ListMethods")] == [0, 7]


def test_methods_fit_the_file(repo: Repository, traj: RemoteFile) -> None:
    assert list(traj.methods) == ["rmsd", "rmsd_between"]
    assert {"rmsd", "download", "n_atoms", "submit"} <= set(dir(traj))
    assert "info" not in dir(traj)
    psf = repo["FOM-402917"]["adk.psf"]
    assert list(psf.methods) == ["info"]
    with pytest.raises(NotFoundError, match="takes trajectory"):
        psf.methods["rmsd"]


def test_an_unknown_method_names_close_ones(traj: RemoteFile) -> None:
    with pytest.raises(AttributeError, match=r"did you mean rmsd"):
        traj.rmds  # noqa: B018 - asking is the test
    with pytest.raises(AttributeError, match=r"did you mean rmsd"):
        traj.submit.rmds  # noqa: B018 - looking it up is the act


def test_methods_look_like_functions(traj: RemoteFile) -> None:
    assert inspect.isroutine(traj.rmsd)
    assert str(inspect.signature(traj.rmsd)) == (
        "(*, select: str = 'backbone', cutoff: float = 3.5, kind: str = 'plain', start: int | None = None, "
        "stop: int | None = None, step: int | None = None, frames: list[int] | None = None, "
        "verbose: bool = False) -> fomrepo.client.results.kinds.TimeSeries"
    )
    doc = inspect.getdoc(traj.rmsd) or ""
    assert "cutoff : float (angstrom), default 3.5\n    How far. At least 0. At most 50." in doc
    assert "``rmsd`` : float64 (frame), angstrom" in doc
    assert "``times`` : float64 (frame), ps" in doc


def test_an_exact_version(site: ScriptedSite, traj: RemoteFile) -> None:
    with pytest.raises(NotFoundError, match=r"use one of: 0\.9\.0, 1\.0\.0"):
        traj.methods["rmsd", "2.0.0"]
    traj.methods["rmsd", "0.9.0"]()
    assert site.requests("Call")[0].version == "0.9.0"


def test_a_second_file_is_the_next_argument(site: ScriptedSite, repo: Repository, traj: RemoteFile) -> None:
    traj.rmsd_between(traj)
    traj.rmsd_between(other=traj)
    for request in site.requests("Call"):
        assert [one.name for one in request.inputs] == ["adk_dims.dcd", "adk_dims.dcd"]
    for wrong, said in (
        ((), "needs another file, 'other'"),
        (("a",), "is no file"),
        ((traj, traj), "works on 2 files; .* is one thing too many"),
    ):
        with pytest.raises(ArgumentError, match=said):
            traj.rmsd_between(*wrong)
    with pytest.raises(ArgumentError, match=r"adk\.psf is PSF"):
        traj.rmsd_between(repo["FOM-402917"]["adk.psf"])
    assert site.counted["Call"] == 2


def test_a_pending_call_is_waited_for(site: ScriptedSite, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda _: reply("waiting")
    site.answers["Wait"] = pending(3)
    assert traj.rmsd().rmsd.shape == (3,)
    assert site.counted["Wait"] == 4
    assert all(one.wait_s <= 20 for one in site.requests("Wait"))


def test_a_progress_bar_goes_to_stderr(
    site: ScriptedSite, traj: RemoteFile, capsys: pytest.CaptureFixture[str]
) -> None:
    site.answers["Call"] = lambda _: reply("waiting")
    site.answers["Wait"] = pending(2)
    traj.rmsd(verbose=True)
    assert capsys.readouterr().out == ""


def test_a_failure_of_the_method_arrives_whole(site: ScriptedSite, traj: RemoteFile) -> None:
    failed = MethodFailedError(
        "division by zero",
        type_name="ZeroDivisionError",
        frames=[MethodFrame("rmsd.py", 12, "rmsd", "return x / 0")],
        log="almost there",
        limit=LimitHit("memory", 2**30, 2**30, "byte"),
    )
    message = reply("failed")
    message.failure.CopyFrom(failure_to_wire(failed))
    site.answers["Call"] = lambda _: message
    with pytest.raises(MethodFailedError) as caught:
        traj.rmsd()
    assert caught.value.frames == failed.frames
    assert (caught.value.type_name, caught.value.log, caught.value.limit) == (
        failed.type_name, failed.log, failed.limit,
    )  # fmt: skip
    assert caught.value.facts["operation"] == "op-1"
    assert "rmsd.py, line 12, in rmsd" in str(caught.value)


def test_a_large_result_comes_as_a_stream(site: ScriptedSite, traj: RemoteFile) -> None:
    data = rmsd_container(2_000_000)  # 48 MB: mapped from a file
    site.answers["Call"] = lambda _: streamed(data)
    site.answers["ReadResult"] = lambda request: (
        files_pb2.Chunk(data=data[start : start + 2**20]) for start in range(request.offset, len(data), 2**20)
    )
    result = traj.rmsd()
    assert result.rmsd.shape == (2_000_000,)
    np.testing.assert_array_equal(result.frames, np.arange(2_000_000))
    assert not result.rmsd.flags.writeable
    assert not result.rmsd.flags.owndata


def streamed(data: bytes) -> calls_pb2.CallReply:
    message = reply()
    message.result, message.result_size = b"", len(data)
    return message


@pytest.mark.parametrize("come", [100, 10_000])
def test_a_stream_of_another_length_is_refused(site: ScriptedSite, traj: RemoteFile, come: int) -> None:
    site.answers["Call"] = lambda _: streamed(bytes(1000))
    site.answers["ReadResult"] = lambda _: iter([files_pb2.Chunk(data=bytes(come))])
    with pytest.raises(OutcomeRefusedError, match="1000 bytes of the result were asked for"):
        traj.rmsd()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"state": "glorious"}, OutcomeRefusedError, "glorious"),
        ({"schema_json": "{"}, OutcomeRefusedError, "does not say what it is"),
        ({"provenance_json": "[]"}, OutcomeRefusedError, "does not say what it is"),
        ({"result_size": 2**50}, OutcomeRefusedError, "declares at most"),
        ({"result": b"short"}, OutcomeRefusedError, "prefix"),
        ({"result": container({"rmsd": np.zeros(3)})}, OutcomeRefusedError, "no 'frames'"),
    ],
)
def test_a_site_that_lies_is_not_believed(
    site: ScriptedSite, traj: RemoteFile, change: dict[str, Any], error: type[Exception], said: str
) -> None:
    site.answers["Call"] = lambda _: reply(**change)
    with pytest.raises(error, match=said):
        traj.rmsd()


def test_another_method_than_the_meant_one_is_not_believed(site: ScriptedSite, traj: RemoteFile) -> None:
    message = reply()
    message.provenance_json = message.provenance_json.replace("d" * 64, "f" * 64)
    site.answers["Call"] = lambda _: message
    with pytest.raises(MethodNotTrustedError, match="ran another rmsd"):
        traj.rmsd()


def test_submit_gives_a_genuine_future(site: ScriptedSite, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda request: reply("waiting", operation=request.idempotency_key)
    site.answers["Wait"] = pending(1)
    futures = [traj.submit.rmsd(), traj.submit.rmsd(step=2)]
    assert all(isinstance(one, concurrent.futures.Future) for one in futures)
    done, waiting = concurrent.futures.wait(futures, timeout=20)
    assert (len(done), len(waiting)) == (2, 0)
    assert [one.result().rmsd.shape for one in futures] == [(3,), (3,)]
    assert site.requests("Call")[0].wait_s == 0


def test_a_future_tells_its_progress_and_is_found_again(site: ScriptedSite, repo: Repository, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda _: reply("waiting", operation="op-9")
    site.answers["Wait"] = lambda _: reply("running", operation="op-9", done=12, total=98)
    future = traj.submit.rmsd()
    again = repo.operation(future.operation)
    assert future.operation == again.operation == "op-9"
    until = time.monotonic() + 10
    while future.progress != (12, 98) and time.monotonic() < until:
        time.sleep(0.01)
    assert (future.progress, again.progress) == ((12, 98), (12, 98))
    assert future.running()
    assert "12/98" in repr(future)
    site.answers["Wait"] = lambda _: reply(operation="op-9")
    assert future.result(timeout=20).rmsd.shape == again.result(timeout=20).rmsd.shape == (3,)


def test_cancelling_a_future_cancels_at_the_site(site: ScriptedSite, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda _: reply("waiting")
    site.answers["Wait"] = lambda _: reply("running")
    site.answers["Cancel"] = lambda _: reply("cancelled")
    future = traj.submit.rmsd()
    assert future.cancel()
    assert future.cancel()
    assert future.cancelled()
    assert site.counted["Cancel"] == 1
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(timeout=5)


def test_what_has_ended_cannot_be_cancelled(site: ScriptedSite, traj: RemoteFile) -> None:
    future = traj.submit.rmsd()
    future.result(timeout=10)
    assert not future.cancel()
    assert site.counted["Cancel"] == 0


def test_a_call_cancelled_elsewhere_says_so(site: ScriptedSite, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda _: reply("cancelled")
    with pytest.raises(CancelledError, match="op-1 was cancelled"):
        traj.rmsd()
    future = traj.submit.rmsd()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(timeout=5)


def test_a_lock_file_pins_versions(site: ScriptedSite, repo: Repository, tmp_path: Path) -> None:
    path = repo.lock_methods(tmp_path / "methods.lock")
    path.write_text(path.read_text().replace("1.0.0", "0.9.0", 1).replace("[methods.rmsd]", "[methods.rmsd]"))
    text = path.read_text()
    connect = lambda: fomrepo.connect(site.address, token=TOKEN, ca=AUTHORITY.certificate.decode(), methods=path)  # noqa: E731 - one line says it
    path.write_text(f'[methods]\nrmsd = {{version = "0.9.0", digest = "{"d" * 64}"}}\n')
    with connect() as pinned:
        pinned["FOM-402917"]["adk_dims.dcd"].rmsd()
        assert site.requests("Call")[-1].version == "0.9.0"
    path.write_text(f'[methods]\nrmsd = {{version = "0.9.0", digest = "{"c" * 64}"}}\n')
    with connect() as pinned, pytest.raises(MethodNotTrustedError, match="not the one that was locked"):
        pinned["FOM-402917"]["adk_dims.dcd"].methods["rmsd"]
    path.write_text("[methods]\nrmsd = 3\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        connect()
    assert text.startswith("[methods")


def test_one_schema_of_the_future_spoils_no_other(site: ScriptedSite, traj: RemoteFile) -> None:
    listing = site.answers["ListMethods"]

    def with_strangers(request: Any) -> Any:
        message = listing(request)
        message.methods.add(digest="x", schema_json='{"name": "later", "version": "1.0.0", "hologram": true}')
        message.methods.add(digest="x", schema_json="[]")
        return message

    site.answers["ListMethods"] = with_strangers
    assert traj.rmsd().rmsd.shape == (3,)
    with contextlib.suppress(AttributeError):
        traj.later  # noqa: B018 - looking it up is the act
    assert RMSD["name"] in list(traj.methods)


def test_a_busy_site_is_asked_again_when_it_says(site: ScriptedSite, traj: RemoteFile) -> None:
    refusals = iter(range(2))

    def busy_twice(_: Any) -> calls_pb2.CallReply:
        if next(refusals, None) is not None:
            raise SiteBusyError("all slots are taken", facts={"retry_after_s": "0.01"})
        return reply()

    site.answers["Call"] = busy_twice
    assert traj.rmsd().rmsd.shape == (3,)
    assert site.counted["Call"] == 3


def test_a_busy_site_that_names_no_time_is_not_asked_again(site: ScriptedSite, traj: RemoteFile) -> None:
    def busy(_: Any) -> calls_pb2.CallReply:
        raise SiteBusyError("all slots are taken")

    site.answers["Call"] = busy
    with pytest.raises(SiteBusyError):
        traj.rmsd()
    assert site.counted["Call"] == 1
