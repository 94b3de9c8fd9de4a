"""Guest: the root mean square fluctuation of each atom about its mean position."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def rmsf(
    universe: Any, frames: Any, *, select: str, superpose: bool, ref_frame: int, mass_weighted: bool, whole: bool
) -> dict[str, Any]:
    """Measure how much each atom moves in one part of the frames.

    Mean and sum of squares are updated block by block (Chan, Golub and LeVeque 1983), so that nothing cancels and no
    trajectory is kept in memory.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to take the fluctuation over.
    select
        Atoms to measure.
    superpose
        Whether each frame is first moved and rotated onto the reference.
    ref_frame
        Index of the reference in the file.
    mass_weighted
        Whether atoms count by their mass in the superposition.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        Mean and sum of squares of each atom, as `combine` takes them.
    """
    atoms = universe.select_atoms(select)
    weights = _weights(atoms, mass_weighted and superpose)
    reference = frames.positions_at(ref_frame, atoms, whole=whole, finite=superpose)
    reference -= weights @ reference
    count, mean, squares = 0, np.zeros_like(reference), np.zeros_like(reference)
    for block in frames.blocks(atoms, whole=whole, finite=superpose):
        positions = block.positions.astype(np.float64)
        if superpose:
            positions -= (weights @ positions)[:, None, :]
            positions = positions @ rotations_onto(reference, positions, weights)
        block_mean = positions.mean(axis=0)
        difference = block_mean - mean
        total = count + len(positions)
        squares += ((positions - block_mean) ** 2).sum(axis=0) + difference**2 * (count * len(positions) / total)
        mean += difference * (len(positions) / total)
        count = total
    return {"n": count, "means": mean, "squares": squares.sum(axis=1)}


def combine(universe: Any, parts: list[dict[str, Any]], *, select: str, superpose: bool, **_: Any) -> dict[str, Any]:
    """Make the fluctuation out of the means and squares of all parts."""
    atoms = universe.select_atoms(select)
    count, mean, squares = 0, np.zeros((len(atoms), 3)), np.zeros(len(atoms))
    for part in parts:
        n, difference = int(part["n"]), part["means"] - mean
        total = count + n
        squares += part["squares"] + (difference**2).sum(axis=1) * (count * n / total)
        mean += difference * (n / total)
        count = total
    return {
        "rmsf": np.sqrt(squares / count),
        "atom_indices": atoms.ix,
        "atom_names": [str(name) for name in atoms.names] if hasattr(atoms, "names") else None,
        "resids": atoms.resids,
        "resnames": [str(name) for name in atoms.resnames] if hasattr(atoms, "resnames") else None,
        "superposed": superpose,
    }


def rotations_onto(reference: np.ndarray, mobile: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the rotations that bring each frame closest to the reference (Kabsch 1976).

    Parameters
    ----------
    reference
        (atom, xyz), weighted centre at the origin.
    mobile
        (frame, atom, xyz), weighted centres at the origin.
    weights
        (atom,)

    Returns
    -------
    numpy.ndarray
        (frame, xyz, xyz); `mobile @ rotations` is superposed. Proper rotations: a mirror image is never taken.
    """
    covariances = mobile.transpose(0, 2, 1) @ (reference * weights[:, None])
    left, _, right = np.linalg.svd(covariances)
    left[:, :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[:, None]
    return left @ right


def _weights(atoms: Any, mass_weighted: bool) -> np.ndarray:
    """Return weights (atom,) that add up to 1."""
    if not mass_weighted:
        return np.full(len(atoms), 1.0 / len(atoms))
    masses = atoms.masses
    if not masses.sum() > 0.0:
        raise ArgumentError("the selected atoms have no masses; call again with mass_weighted=False")
    return masses / masses.sum()
