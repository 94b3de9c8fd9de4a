"""Guest: the mean position of each atom over the frames."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def average_structure(
    universe: Any, frames: Any, *, select: str, superpose: bool, ref_frame: int, mass_weighted: bool, whole: bool
) -> dict[str, Any]:
    """Average the positions, of superposed frames unless told otherwise.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to average over.
    select
        Atoms to average.
    superpose
        Whether each frame is first moved and rotated onto the reference.
    ref_frame
        Index of the reference in the file; its centre is the centre of the average.
    mass_weighted
        Whether atoms count by their mass in the superposition.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `positions`: (atom, xyz) float64, angstrom; the names of the atoms beside it.
    """
    atoms = universe.select_atoms(select)
    weights = _weights(atoms, mass_weighted and superpose)
    reference = frames.positions_at(ref_frame, atoms, whole=whole, finite=superpose)
    centre = weights @ reference
    reference -= centre
    total = np.zeros_like(reference)
    for block in frames.blocks(atoms, whole=whole, finite=superpose):
        positions = block.positions.astype(np.float64)
        if superpose:
            positions -= (weights @ positions)[:, None, :]
            positions = positions @ rotations_onto(reference, positions, weights) + centre
        total += positions.sum(axis=0)
    return {
        "positions": total / len(frames),
        "atom_indices": atoms.ix,
        "atom_names": [str(name) for name in atoms.names] if hasattr(atoms, "names") else None,
        "elements": [str(name) for name in atoms.elements] if hasattr(atoms, "elements") else None,
        "resids": atoms.resids,
        "resnames": [str(name) for name in atoms.resnames] if hasattr(atoms, "resnames") else None,
        "segids": [str(name) for name in atoms.segids],
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
