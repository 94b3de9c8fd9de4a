"""A call in a holder's child gives the same bytes as one in a cold sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fomrepo.installed_files import installed_folder
from tests.guest.runs import read_outcome
from tests.hot.site import Data, Site, builtin_request, source_request

NO_BUDGET = 1

#: Everything that a method can learn of each frame, in the order in which it asks, and what is left behind.
SURVEY = """
import hashlib
import numpy as np

def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]

def of(ts):
    told = [ts.frame, ts.time, ts.dt, ts.n_atoms, type(ts.time).__name__, ts.has_positions, ts.has_velocities,
            ts.has_forces, None if ts.dimensions is None else ts.dimensions.tolist(), digest(ts.positions)]
    told += [digest(ts.velocities)] if ts.has_velocities else []
    told += [digest(ts.forces)] if ts.has_forces else []
    told += [(key, type(value).__name__, digest(np.asarray(value))) for key, value in sorted(ts.data.items())]
    return repr(told)

def method(universe, frames):
    trajectory = universe.trajectory
    said = [repr((trajectory.n_frames, trajectory.n_atoms, trajectory.dt, trajectory.totaltime, trajectory.filename,
                  type(trajectory).__name__, trajectory.units, trajectory.format, len(trajectory)))]
    said += [of(trajectory.ts)]
    said += [of(ts) for ts in frames]
    said += [of(ts) for ts in trajectory]
    said += [of(ts) for ts in trajectory[::-3]]
    said += [of(trajectory[-1]), of(trajectory[0])]
    trajectory[min(1, len(trajectory) - 1)].positions[:] = 5.0
    universe.atoms.positions = universe.atoms.positions + 1.0
    said += [of(trajectory[0]), of(trajectory[-1])]
    said += [of(ts) for ts in universe.copy().trajectory]
    said += [digest(trajectory.timeseries()), digest(trajectory.timeseries(atomgroup=universe.atoms[3:90:7]))]
    said += [digest(frames.times), digest(frames.indices)]
    for atoms in (universe.atoms, universe.atoms[2:60], universe.select_atoms("name CA")):
        for block in frames.blocks(atoms, block_bytes=1 << 20):
            said += [digest(block.positions), digest(block.times), repr(block.frames.tolist())]
            said += [str(block.positions.flags.c_contiguous), str(block.positions.flags.writeable)]
            said += [repr(None if block.boxes is None else block.boxes.tolist()), of(trajectory.ts)]
    kept = [ts for ts in trajectory]
    said += [str(len({id(ts) for ts in kept}) > 1)]
    return {"said": said}
"""

BUILTINS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("info", "adk_dims", {}, {}),
    ("rmsd", "adk_dims", {}, {}),
    ("rmsd", "adk_dims", {"select": "name CA"}, {"start": 5, "stop": -3, "step": 7}),
    ("rmsd", "adk_dims", {"select": "all"}, {"start": -10}),
    ("rmsd", "adk_dims", {}, {"start": 90, "stop": 10, "step": -4}),
    ("rmsd", "adk_dims", {}, {"frames": [3, 97, -1, 3]}),
    ("rmsf", "adk_dims", {"superpose": True}, {}),
    ("rmsf", "adk_oplsaa", {"select": "protein"}, {}),
    ("radius_of_gyration", "adk_oplsaa", {}, {}),
    ("radius_of_gyration", "adk_oplsaa_trr", {"select": "all"}, {"step": 2}),
    ("distance", "adk_oplsaa", {"select_a": "index 3341", "select_b": "index 47673", "periodic": True}, {}),
    ("average_structure", "adk_oplsaa_trr", {"select": "name CA"}, {}),
    ("average_structure", "nmr_models", {"select": "name CA"}, {}),
    ("rmsd", "nmr_models", {}, {"frames": [-1, 0]}),
]


def without_bundle(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "bundle"}


@pytest.mark.parametrize("budget", [1 << 30, NO_BUDGET], ids=["decoded", "reopened"])
@pytest.mark.parametrize(("name", "sample", "arguments", "frames"), BUILTINS)
def test_a_builtin_method(
    site: Site,
    data: Callable[..., Data],
    held: Callable[..., str],
    name: str,
    sample: str,
    arguments: dict[str, Any],
    frames: dict[str, Any],
    budget: int,
) -> None:
    laid = data(sample)
    request = builtin_request(laid, name, arguments, frames)
    cold = site.cold(
        request=without_bundle(request), inputs=laid.files, method_folder=str(installed_folder("methods") / name)
    )
    hot = site.hot(name=held(sample, budget=budget), request=request)
    assert (hot["ended"], hot["log_tail"]) == ("outcome", cold["log_tail"])
    assert read_outcome(hot["outcome"])[0] == {"status": "ok"}
    assert hot["outcome"] == cold["outcome"]


@pytest.mark.parametrize("budget", [1 << 30, NO_BUDGET], ids=["decoded", "reopened"])
@pytest.mark.parametrize("sample", ["adk_dims", "adk_oplsaa", "adk_oplsaa_trr", "nmr_models", "one_structure"])
def test_everything_that_a_method_can_learn(
    site: Site, data: Callable[..., Data], held: Callable[..., str], tmp_path: Path, sample: str, budget: int
) -> None:
    laid = data(sample)
    request = source_request(laid, SURVEY, frames={"start": None, "stop": None, "step": 3, "frames": None})
    folder = Path(next(iter(laid.files.values()))).parent / "survey"
    folder.mkdir(exist_ok=True)
    (folder / "method.py").write_text(SURVEY)
    cold = site.cold(request=without_bundle(request), inputs=laid.files, method_folder=str(folder))
    hot = site.hot(name=held(sample, budget=budget), request=request)
    said_cold, said_hot = read_outcome(cold["outcome"]), read_outcome(hot["outcome"])
    assert said_cold[0] == {"status": "ok"}, said_cold
    assert said_hot[0] == {"status": "ok"}, said_hot
    different = [(a, b) for a, b in zip(said_cold[1]["said"], said_hot[1]["said"], strict=True) if a != b]
    assert different == []
    assert hot["outcome"] == cold["outcome"]


def test_what_is_decoded(site: Site, held: Callable[..., str]) -> None:
    decoded, reopened = (site.facts(name=held("adk_dims", budget=budget)) for budget in (1 << 30, NO_BUDGET))
    assert (decoded["n_frames"], decoded["decoded"]) == (98, True)
    assert decoded["frame_bytes"] > 98 * 3341 * 12
    assert (reopened["n_frames"], reopened["decoded"], reopened["frame_bytes"]) == (98, False, 0)
    assert decoded["memory_bytes"] > decoded["frame_bytes"]
