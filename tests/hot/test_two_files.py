"""A method of two files finds both open in a holder, and answers the same bytes as from a cold sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guest.runs import read_outcome
from tests.hot.site import EVERY_FRAME, FRAME_BUDGET_BYTES, LIMITS, Data, Site, source_request
from tests.hot.test_same_as_cold import NO_BUDGET, without_bundle

#: Compares the frames of one file with those of another, back and forth, and says whether each reads its own.
BETWEEN = """
import numpy as np

def method(universe, other, frames):
    rows, atoms = [], other.select_atoms("name CA")
    for timestep in frames:
        theirs = other.trajectory[-1 - timestep.frame % len(other.trajectory)]
        mine = universe.select_atoms("name CA").positions.astype(float)
        rows.append(np.linalg.norm(mine.mean(axis=0) - atoms.positions.astype(float).mean(axis=0)) + theirs.frame)
    whole = [float(block.positions.sum()) for block in frames.blocks(universe.atoms)]
    return {"distance": rows, "held": [hasattr(each.trajectory, "held") for each in (universe, other)],
            "n": [len(universe.trajectory), len(other.trajectory), len(whole) and len(frames)]}
"""

FIELDS = {
    "distance": {"dtype": "float64", "dims": ["frame"]},
    "held": {"dtype": "bool", "dims": ["file"]},
    "n": {"dtype": "int64", "dims": ["number"]},
}


def both(first: Data, second: Data) -> Data:
    """Put two inputs side by side, each under names of its own."""
    inputs, files = [], {}
    for name, one in (("first", first), ("second", second)):
        entry = one.inputs[0]
        moved = [
            {
                key: f"/in/{name}.{value.removeprefix('/in/')}" if key in ("path", "offsets") else value
                for key, value in file.items()
            }
            for file in entry["files"]
        ]
        inputs.append({**entry, "name": name, "files": moved})
        files |= {f"{name}.{inside}": path for inside, path in one.files.items()}
    return Data(inputs, files)


@pytest.mark.parametrize(("budget", "decoded"), [(FRAME_BUDGET_BYTES, True), (NO_BUDGET, False)])
def test_two_trajectories(site: Site, data: Callable[..., Data], budget: int, decoded: bool) -> None:
    laid = both(data("adk_dims"), data("adk_oplsaa"))
    name = f"two-{budget}"
    hold = {"protocol": 1, "task": "hold", "inputs": laid.inputs, "frame_budget_bytes": budget, "limits": LIMITS}
    assert site.hold(name=name, request=hold, inputs=laid.files)["decoded"] is decoded
    request: dict[str, Any] = source_request(laid, BETWEEN, FIELDS, frames={**EVERY_FRAME, "step": -7})
    folder = Path(next(iter(laid.files.values()))).parent / "between"
    folder.mkdir(exist_ok=True)
    (folder / "method.py").write_text(BETWEEN.replace('hasattr(each.trajectory, "held")', str(decoded)))
    cold = site.cold(request=without_bundle(request), inputs=laid.files, method_folder=str(folder))
    answers = site.hot_at_once(name=name, requests=[request, request])
    site.close(name=name)
    outcome, fields = read_outcome(answers[0]["outcome"])
    assert outcome == {"status": "ok"}, outcome
    assert (fields["n"].tolist(), fields["held"].tolist()) == ([98, 10, 14], [decoded] * 2)
    assert [each["outcome"] for each in answers] == [cold["outcome"]] * 2
