"""Guest: whether the frames of a trajectory are frames: numbers, no leaps, no repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np

FINDINGS_LIMIT = 1_000  # more tell no more
FEWEST_STEPS = 5  # a spread of fewer means nothing
NORMAL = 1.4826  # standard deviation of a normal distribution, in median absolute deviations from its median
LEAST_SPREAD = 0.1  # of the median; the mean over many atoms spreads so little that the first steps would be leaps

Finding = tuple[str, int, int, float, float, str]  # problem, frame, atom, value, limit, unit


def integrity(universe: Any, frames: Any, *, select: str | None, sigmas: float, farthest: float) -> dict[str, Any]:
    """Check the coordinates of all atoms, and how far some move from frame to frame.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to check, each against the one before it.
    select
        Atoms whose displacement counts; None: proteins and nucleic acids, or all atoms where there are none.
    sigmas
        How many standard deviations above the median displacement are a jump.
    farthest
        Largest coordinate that is no mistake, angstrom.

    Returns
    -------
    dict
        `displacements` (frame,) angstrom, `median_displacement` and `jump_limit` in angstrom, and the verdict.
    """
    chosen = (polymers_of(universe) if select is None else universe.select_atoms(select)).ix
    chosen = chosen if len(chosen) else universe.atoms.ix
    moved, found, before, done = np.zeros(len(frames)), [], None, 0
    for block in frames.blocks(universe.atoms):
        found += _odd_coordinates(block, farthest)
        positions = block.positions[:, chosen].astype(np.float64)
        ways = positions - np.concatenate([positions[:1] if before is None else before, positions[:-1]])
        if block.boxes is not None:
            ways = nearest(ways, block.lattices)
        moved[done : done + len(ways)] = np.sqrt((ways**2).sum(axis=2).mean(axis=1))
        before, done = positions[-1:], done + len(ways)
    for row in np.flatnonzero(moved[1:] == 0.0) + 1:
        found.append(("the frame repeats the one before it", int(frames.indices[row]), -1, 0.0, 0.0, "angstrom"))
    steps = moved[1:][np.isfinite(moved[1:]) & (moved[1:] > 0.0)]
    if len(steps) < FEWEST_STEPS:
        return {"displacements": moved, "median_displacement": None, "jump_limit": None, **verdict(found)}
    median = float(np.median(steps))
    sigma = max(NORMAL * float(np.median(np.abs(steps - median))), LEAST_SPREAD * median)
    limit = median + sigmas * sigma
    for row in np.flatnonzero(moved > limit):
        found.append(("the atoms jump", int(frames.indices[row]), -1, float(moved[row]), limit, "angstrom"))
    return {"displacements": moved, "median_displacement": median, "jump_limit": limit, **verdict(found)}


def _odd_coordinates(block: Any, farthest: float) -> list[Finding]:
    """Find coordinates of a block that are no numbers, or too far away; each kind once for a frame."""
    found: list[Finding] = []
    reach = np.abs(block.positions).max(axis=2)  # NaN where a coordinate is
    for row in np.flatnonzero(~(reach <= farthest).all(axis=1)):
        frame, lost = int(block.frames[row]), np.flatnonzero(~np.isfinite(reach[row]))
        if len(lost):
            found.append(("coordinates are no numbers", frame, int(lost[0]), float(len(lost)), 0.0, "atoms"))
        there = np.where(np.isfinite(reach[row]), reach[row], 0.0)
        if there.max() > farthest:
            found.append(("an atom is far away", frame, int(there.argmax()), float(there.max()), farthest, "angstrom"))
    for row in np.flatnonzero((np.ptp(block.positions, axis=1) == 0.0).all(axis=1)):
        if block.positions.shape[1] > 1:
            found.append(("all atoms are at one place", int(block.frames[row]), -1, 0.0, 0.0, "angstrom"))
    return found


def nearest(ways: np.ndarray, lattices: np.ndarray) -> np.ndarray:
    """Return ways (frame, atom, xyz) less the lattice vectors (frame, vector, xyz) that they are nearest to.

    Exact for ways within half of the cell's smallest height; a cell without volume takes nothing away.
    """
    usable = np.abs(np.linalg.det(lattices)) > 0.0
    left = ways.copy()
    left[usable] -= np.rint(ways[usable] @ np.linalg.inv(lattices[usable])) @ lattices[usable]
    return left


def polymers_of(universe: Any) -> Any:
    """Return the atoms of proteins and nucleic acids; none where the topology has no names of residues."""
    atoms = universe.atoms
    return atoms.select_atoms("protein or nucleic") if hasattr(atoms, "resnames") else atoms[:0]


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
