"""The client against real sites: what a scripted site cannot show."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from MDAnalysisTests import datafiles

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import MethodFailedError, NotFoundError
from fomrepo.model.operations import OperationState
from fomrepo.testing import LocalFederation

pytestmark = pytest.mark.timeout(600)  # the first start on a machine builds the guest environment

TWO_FILES = """
name = "offset_between"
version = "0.1.0"
summary = "How much later the first trajectory begins"
entry = "offset_between:offset_between"
environment = "mdanalysis"
[inputs]
mobile = "trajectory"
base = "trajectory"
[parameters.pause]
type = "float"
default = 0.0
doc = "Seconds between two frames"
[result]
type = "TimeSeries"
[result.fields.offset]
dtype = "float64"
dims = ["frame"]
unit = "ps"
[result.fields.names]
dtype = "string"
dims = ["file"]
"""

CODE = """
import os, time
import numpy as np

def offset_between(mobile, base, frames, *, pause):
    first = base.trajectory[0].time
    values = []
    for frame in frames:
        time.sleep(pause)
        values.append(frame.time - first)
    names = [os.path.basename(str(one.trajectory.filename)) for one in (mobile, base)]
    return {"offset": np.array(values), "names": names}
"""


@pytest.fixture(scope="module")
def federation(
    bubblewrap: Path, forked_sites: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalFederation]:
    with LocalFederation(tmp_path_factory.mktemp("federation"), ("site-a", "site-b")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(federation: LocalFederation) -> Iterator[Repository]:
    with federation.connect("alice") as repo:
        yield repo


@pytest.fixture(scope="module")
def adk(alice: Repository) -> Record:
    return alice.deposit(datafiles.PSF, datafiles.DCD, title="AdK, closed to open", name="adk")


def bundle(folder: Path, toml: str, code: str, name: str) -> Path:
    (folder / name).mkdir()
    (folder / name / "method.toml").write_text(toml)
    (folder / name / f"{name}.py").write_text(code)
    return folder / name


def test_the_same_answers_from_each_site(federation: LocalFederation, alice: Repository, adk: Record) -> None:
    here = adk["adk_dims.dcd"].radius_of_gyration(step=20)
    with federation.connect("alice", site="site-b") as elsewhere:
        # What the caller was answered is written down a moment after the answer; the site that gave it knows at once.
        while here.operation not in [one.id for one in elsewhere.desk.operations() if one.state is OperationState.DONE]:
            time.sleep(0.02)
        there = elsewhere["/alice/adk"]["adk_dims.dcd"].radius_of_gyration(step=20)
    assert there.site == "site-a"
    assert there.cached
    for name in here.fields:
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_a_large_result_is_streamed(alice: Repository) -> None:
    record = alice.deposit(datafiles.GRO, datafiles.XTC, title="AdK in water")
    average = record["adk_oplsaa.xtc"].average_structure(select="all", superpose=False, stop=2)
    large = max((getattr(average, name) for name in average.fields), key=lambda one: getattr(one, "nbytes", 0))
    assert large.shape == (47681, 3)
    assert large.nbytes > 2**20
    assert not large.flags.writeable


def test_a_project_is_private(federation: LocalFederation, adk: Record) -> None:
    with federation.connect("mallory") as stranger:
        assert list(stranger.records()) == []
        for name in (adk.accession, adk.versioned, adk.path, "FOM-999999"):
            with pytest.raises(NotFoundError, match="that you may see"):
                stranger[name]


def test_a_running_call_shows_progress_and_is_cancelled(alice: Repository, adk: Record, tmp_path: Path) -> None:
    draft = bundle(tmp_path, TWO_FILES.replace("[inputs]\nmobile", "[inputs]\nmobile"), CODE, "offset_between")
    traj = adk["adk_dims.dcd"]
    future = alice.submit_draft(draft, traj, traj, pause=0.2)
    until = time.monotonic() + 60
    while future.progress[0] < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert future.progress[0] >= 2
    assert future.progress[1] == 98
    assert future.running()
    assert future.cancel()
    again = alice.operation(future.operation)
    with pytest.raises(concurrent.futures.CancelledError):
        again.result(timeout=30)


def test_two_files_keep_their_order(alice: Repository, adk: Record, tmp_path: Path) -> None:
    draft = bundle(tmp_path, TWO_FILES, CODE, "offset_between")
    second = alice.deposit(datafiles.PSF, datafiles.DCD2, title="AdK, another path")
    result = alice.try_draft(draft, adk["adk_dims.dcd"], second["adk_dims2.dcd"], stop=3)
    assert [row[1] for row in result.provenance.inputs] == ["adk_dims.dcd", "adk_dims2.dcd"]
    assert [name.partition(".")[0] for name in result.names] == ["first", "second"]
    assert result.frames.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('so far, so good')\n    return 1 / 0", {"type_name": "ZeroDivisionError", "limit": None}),
        ("x = []\n    while True: x.append(bytearray(2**24))", {"limit": "memory"}),
    ],
)
def test_a_failure_of_a_method_arrives_as_its_own(
    alice: Repository, adk: Record, tmp_path: Path, code: str, expected: dict[str, Any]
) -> None:
    toml = """
name = "broken"
version = "0.1.0"
summary = "Fail"
entry = "broken:broken"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.value]
dtype = "float64"
dims = []
"""
    draft = bundle(tmp_path, toml, f"def broken(universe, frames):\n    {code}\n", "broken")
    with pytest.raises(MethodFailedError) as caught:
        alice.try_draft(draft, adk["adk_dims.dcd"])
    error = caught.value
    assert error.facts["operation"]
    if expected["limit"]:
        assert expected["limit"] in str(error).lower()
        return
    assert error.type_name == expected["type_name"]
    assert [(one.file, one.function) for one in error.frames] == [("broken.py", "broken")]
    assert error.frames[0].source == "return 1 / 0"
    assert "so far, so good" in error.log
