"""Runs that are cut over their frames, on a real site: the same numbers, failures of parts, limits, cancelling."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fomrepo.client.remote_file import RemoteFile
from fomrepo.errors import CancelledError, MethodFailedError
from fomrepo.model.canonical import new_id
from fomrepo.testing import LocalFederation
from tests.federation.conftest import OWNER
from tests.federation.methods import publish
from tests.federation.records import TRAJECTORY, deposit_adk, until

METHOD = '''
"""A test's."""

import time

import numpy as np


def {name}(universe, frames, *, tag, pause, fail_at):
    n, mean, squares = 0, 0.0, 0.0
    for timestep in frames:
        time.sleep(pause)
        if timestep.frame == fail_at:
            raise ValueError(f"frame {{timestep.frame}} displeases")
        n += 1
        difference = universe.atoms.positions.astype(np.float64) - mean
        mean = mean + difference / n
        squares = squares + difference * (universe.atoms.positions - mean)
    return {{"n": n, "mean": mean, "squares": squares.sum(axis=1)}}


def combine(universe, parts, *, tag, pause, fail_at):
    n, mean, squares = 0, 0.0, 0.0
    for part in parts:
        total = n + part["n"]
        difference = part["mean"] - mean
        squares = squares + part["squares"] + (difference**2).sum(axis=1) * n * part["n"] / total
        mean = mean + difference * part["n"] / total
        n = total
    return {{"rmsf": np.sqrt(squares / n), "parts": len(parts)}}
'''

SCHEMA = """
name = "{name}"
version = "0.1.0"
summary = "Written for a test"
entry = "{name}:{name}"
environment = "mdanalysis"
split = "frames"
[inputs]
universe = "trajectory"
[parameters.tag]
type = "str"
doc = "Makes a question that nobody asked"
[parameters.pause]
type = "float"
default = 0.004
doc = "Seconds for each frame"
[parameters.fail_at]
type = "int"
default = -1
doc = "Fails at this frame"
[result]
type = "Array"
[result.fields.rmsf]
dtype = "float64"
dims = ["atom"]
unit = "angstrom"
[result.fields.parts]
dtype = "int64"
dims = []
[partial]
combine = "{name}:combine"
[partial.fields.n]
dtype = "int64"
dims = []
[partial.fields.mean]
dtype = "float64"
dims = ["atom", "xyz"]
[partial.fields.squares]
dtype = "float64"
dims = ["atom"]
[limits]
memory_mib = 512
wall_s = {wall_s}
result_mib = 4
"""


def published(federation: LocalFederation, folder: Path, name: str, *, wall_s: float = 60) -> str:
    """Publish the method under a name."""
    folder.mkdir()
    (folder / "method.toml").write_text(SCHEMA.format(name=name, wall_s=wall_s))
    (folder / f"{name}.py").write_text(METHOD.format(name=name))
    publish(federation, folder)
    return name


@pytest.fixture(scope="module")
def traj(federation: LocalFederation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteFile]:
    """Return a trajectory that only site-a has, which has learnt how long the method takes there."""
    published(federation, tmp_path_factory.mktemp("m") / "fluctuating", "fluctuating")
    published(federation, tmp_path_factory.mktemp("m") / "hasty", "hasty", wall_s=2)
    with federation.connect(OWNER, site="site-a") as repo:
        file = deposit_adk(repo)[TRAJECTORY]
        for method in (file.fluctuating, file.hasty):
            assert method(tag=new_id()).parts == 1
        yield file


def test_a_cut_run_gives_what_one_pass_gives(traj: RemoteFile) -> None:
    whole = traj.rmsf(select="all", superpose=False)
    cut = traj.fluctuating(tag=new_id())
    assert cut.parts == 2
    np.testing.assert_allclose(cut.rmsf, whole.rmsf, rtol=0, atol=1e-9)


def test_frames_in_any_order_are_cut(traj: RemoteFile) -> None:
    cut = traj.fluctuating(tag=new_id(), start=90, stop=5, step=-1)
    np.testing.assert_allclose(cut.rmsf, traj.rmsf(select="all", superpose=False, start=6, stop=91).rmsf, atol=1e-9)
    assert cut.parts == 2


def test_progress_is_that_of_all_parts(traj: RemoteFile) -> None:
    future = traj.submit.fluctuating(tag=new_id(), pause=0.05)
    seen = set()
    until(lambda: seen.add(future.progress) or future.done())
    assert future.result().parts == 2
    assert {total for _, total in seen} <= {0, 98}
    assert any(49 < done < 98 for done, _ in seen)


@pytest.mark.parametrize("frame", [3, 97])
def test_a_part_that_fails_ends_the_run_with_its_own_error(traj: RemoteFile, frame: int) -> None:
    began = time.monotonic()
    with pytest.raises(MethodFailedError, match=f"ValueError: frame {frame} displeases") as caught:
        traj.fluctuating(tag=new_id(), pause=0.05 if frame == 3 else 0.01, fail_at=frame)
    assert [one.function for one in caught.value.frames] == ["fluctuating"]
    assert frame == 97 or time.monotonic() - began < 2.0, "the other part ran on"


def test_the_wall_limit_is_for_the_whole_run(traj: RemoteFile) -> None:
    with pytest.raises(MethodFailedError, match="wall") as caught:
        traj.hasty(tag=new_id(), pause=0.08)
    limit = caught.value.limit
    assert (limit.name, limit.allowed) == ("wall", 2.0)
    assert 2.0 <= limit.used < 3.0


def test_cancelling_ends_all_parts(traj: RemoteFile, federation: LocalFederation) -> None:
    future = traj.submit.fluctuating(tag=new_id(), pause=0.2)
    until(lambda: future.progress[1] == 98)
    assert future.cancel()
    with pytest.raises(CancelledError):
        traj._calls.outcome(traj._calls.until_final(traj._calls.wait(future.operation)))
    assert traj.fluctuating(tag=new_id()).parts == 2, "the slots are free again"


def test_no_second_slot_is_taken_that_somebody_else_uses(traj: RemoteFile) -> None:
    other = traj.submit.fluctuating(tag=new_id(), pause=0.5, stop=3)  # too few frames to cut
    until(other.running)
    assert traj.fluctuating(tag=new_id()).parts == 1
    assert other.result().parts == 1
