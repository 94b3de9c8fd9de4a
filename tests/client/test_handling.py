"""What users do with objects in a session: mistype, overwrite, copy, close, read a traceback."""

from __future__ import annotations

import copy
import multiprocessing
import os
import subprocess
import sys
import traceback
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest

import fomrepo
from fomrepo.client.operation import OperationFuture
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, CallerError, FomrepoError, InternalError, SiteUnreachableError
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite, reply


def lines_of_ours(error: BaseException) -> int:
    """How many frames of this package a user sees."""
    package = os.path.dirname(fomrepo.__file__)
    return sum(frame.filename.startswith(package) for frame in traceback.extract_tb(error.__traceback__))


def test_a_traceback_shows_one_line_of_ours(repo: Repository, traj: RemoteFile, site: ScriptedSite) -> None:
    def unreachable() -> None:
        fomrepo.connect("127.0.0.1:1", token=TOKEN, ca=AUTHORITY.certificate.decode())

    def refused_later() -> None:
        site.answers["Call"] = lambda _: reply(schema_json="{")
        traj.submit.rmsd().result(timeout=20)

    for wrong in (
        lambda: traj.rmsd(select=3),
        lambda: traj.submit.rmsd(select=3),
        lambda: repo["FOM-1"],
        lambda: repo["FOM-402917"]["other"],
        lambda: traj.methods["other"],
        lambda: traj.rmsd().to("second"),
        refused_later,
        unreachable,
    ):
        with pytest.raises(FomrepoError) as caught:
            wrong()
        assert lines_of_ours(caught.value) == 1
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_looking_around_while_no_site_answers_is_short_too(repo: Repository, site: ScriptedSite) -> None:
    psf, records = repo["FOM-402917"]["adk.psf"], repo.records()
    site.stop()
    for asked, at_most in ((lambda: psf.info, 1), (lambda: psf.submit.info, 1), (lambda: next(records), 2)):
        with pytest.raises(SiteUnreachableError) as caught:
            asked()
        assert lines_of_ours(caught.value) <= at_most


def test_a_fault_of_our_own_keeps_its_traceback(site: ScriptedSite, traj: RemoteFile) -> None:
    def broken(_: object) -> None:
        raise InternalError("out of order")

    site.answers["Call"] = broken
    with pytest.raises(InternalError) as caught:
        traj.rmsd()
    assert lines_of_ours(caught.value) > 2


def test_a_closed_repository_says_so(site: ScriptedSite) -> None:
    repo = fomrepo.connect(site.address, token=TOKEN, ca=AUTHORITY.certificate.decode())
    traj = repo["FOM-402917"]["adk_dims.dcd"]
    method = traj.rmsd
    repo.close()
    for asked in (repo.whoami, method, lambda: traj.download("/tmp")):
        with pytest.raises(CallerError, match="this repository was closed") as caught:
            asked()
        assert "fomrepo.connect()" in str(caught.value.remedy)
    assert site.address in repr(repo)


def test_what_a_site_said_is_not_overwritten(traj: RemoteFile) -> None:
    result = traj.rmsd()
    for thing in (traj, result):
        with pytest.raises(AttributeError, match="'rmsd' cannot be set"):
            thing.rmsd = 5
    with pytest.raises(AttributeError, match="'units' cannot be set"):
        result.units = {}
    assert callable(traj.rmsd)
    assert result.rmsd.shape == (3,)


def double(result: Result) -> Result:
    """Is done in a process of the user's own."""
    return result.to("nm")


def test_a_file_that_is_looked_up_again_is_the_same(repo: Repository, traj: RemoteFile) -> None:
    again = repo["FOM-402917"]["adk_dims.dcd"]
    assert again is not traj
    assert (again, hash(again)) == (traj, hash(traj))
    assert {again, traj} == {traj}
    assert traj not in (repo["FOM-402917"]["adk.psf"], repo["FOM-402917.v1"]["adk_dims.dcd"], "adk_dims.dcd")


def test_a_result_is_copied_and_sent_to_processes_of_ones_own(traj: RemoteFile) -> None:
    result = traj.rmsd()
    packed = ForkingPickler.dumps(result)
    for copied in (copy.copy(result), copy.deepcopy(result), ForkingPickler.loads(packed)):
        assert type(copied) is type(result)
        np.testing.assert_array_equal(copied.rmsd, result.rmsd)
        assert not copied.rmsd.flags.writeable
        assert (copied.units, copied.dims) == (result.units, result.dims)
        assert (copied.provenance, copied.schema) == (result.provenance, result.schema)
        assert repr(copied) == repr(result)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(double, [result])[0].units["rmsd"] == "nm"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("name CA", "works on 1 file; 'name CA' is one thing too many\n  .*such as rmsd\\(select='name CA'\\)"),
        (["name CA"], "such as rmsd\\(select=\\.\\.\\.\\)"),
    ],
)
def test_parameters_go_by_name(traj: RemoteFile, given: object, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        traj.rmsd(given)


@pytest.mark.parametrize(("given", "then"), [(None, "NONE"), ("debug", "debug")])
def test_grpc_writes_nothing_unless_it_is_asked_to(given: str | None, then: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    environment |= {} if given is None else {"GRPC_VERBOSITY": given}
    code = "import fomrepo, os; print(os.environ['GRPC_VERBOSITY'])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == then


def test_a_cancelled_future_says_so(site: ScriptedSite, traj: RemoteFile) -> None:
    site.answers["Call"] = lambda _: reply("waiting")
    site.answers["Wait"] = site.answers["Cancel"] = lambda _: reply("running", done=29, total=98)
    future = traj.submit.rmsd()
    assert future.cancel()
    assert repr(future) == "<OperationFuture op-1 cancelled>"


@pytest.mark.parametrize(("done", "total", "then"), [(29, 98, (98, 98)), (0, 0, (3, 3))])
def test_what_has_ended_has_done_everything(
    site: ScriptedSite, repo: Repository, done: int, total: int, then: tuple[int, int]
) -> None:
    site.answers["Wait"] = lambda _: reply(done=done, total=total)
    future = repo.operation("op-1")
    future.result(timeout=20)
    assert isinstance(future, OperationFuture)
    assert future.progress == then
