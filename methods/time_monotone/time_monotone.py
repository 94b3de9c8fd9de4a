"""Guest: whether time goes on in a trajectory."""

from __future__ import annotations

from typing import Any

import numpy as np

FINDINGS_LIMIT = 1_000  # more tell no more
ROUNDING = 2.0**-22  # of times kept as float32, twice, as a part of the time

Finding = tuple[str, int, int, float, float, str]  # problem, frame, atom, value, limit, unit


def time_monotone(universe: Any, frames: Any, *, tolerance: float) -> dict[str, Any]:
    """Check the steps between consecutive frames of the run.

    Parameters
    ----------
    universe
        Knows whether the file has times.
    frames
        Frames to check.
    tolerance
        How far a step may be from the median one, as a part of it.

    Returns
    -------
    dict
        `median_step` in ps, and the verdict.
    """
    times, indices = frames.times, frames.indices
    if not {"time", "dt"} & set(universe.trajectory.ts.data):  # MDAnalysis would make up 1 ps a frame
        return {"median_step": None, **verdict([])}
    found: list[Finding] = [
        ("the time is no number", int(indices[row]), -1, float(times[row]), 0.0, "ps")
        for row in np.flatnonzero(~np.isfinite(times))
    ]
    steps = np.diff(times)
    known = steps[np.isfinite(steps)]
    if not len(known):
        return {"median_step": None, **verdict(found)}
    median = float(np.median(known))
    allowed = tolerance * abs(median) + ROUNDING * np.abs(times[1:])
    for row in np.flatnonzero(steps <= 0.0):
        found.append(("the time does not grow", int(indices[row + 1]), -1, float(steps[row]), 0.0, "ps"))
    for row in np.flatnonzero((steps > 0.0) & (np.abs(steps - median) > allowed)):
        found.append(("the step differs from the median", int(indices[row + 1]), -1, float(steps[row]), median, "ps"))
    return {"median_step": median, **verdict(found)}


def verdict(found: list[Finding], n_more: int = 0) -> dict[str, Any]:
    """Return the verdict and its findings, by frame and atom; `n_more` were found and are not listed."""
    shown = sorted(found, key=lambda one: one[1:3])[:FINDINGS_LIMIT]
    columns = list(zip(*shown, strict=True)) or [()] * 6
    return {
        "passed": not found,
        "n_findings": len(found) + n_more,
        "problems": list(columns[0]),
        "finding_frames": np.array(columns[1], np.int64),
        "finding_atoms": np.array(columns[2], np.int64),
        "finding_values": np.array(columns[3], np.float64),
        "finding_limits": np.array(columns[4], np.float64),
        "finding_units": list(columns[5]),
    }
