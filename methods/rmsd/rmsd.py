"""Guest: the root mean square deviation of each frame from a reference frame."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def rmsd(
    universe: Any, frames: Any, *, select: str, ref_frame: int, superpose: bool, mass_weighted: bool, whole: bool
) -> dict[str, np.ndarray]:
    """Measure all frames against one.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select
        Atoms to superpose and measure.
    ref_frame
        Index of the reference in the file.
    superpose
        Whether each frame is first moved and rotated onto the reference for the least deviation.
    mass_weighted
        Whether atoms count by their mass.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `rmsd`: (frame,) float64, angstrom.
    """
    atoms = universe.select_atoms(select)
    weights = _weights(atoms, mass_weighted)
    reference = frames.positions_at(ref_frame, atoms, whole=whole, finite=superpose)
    if superpose:
        reference -= weights @ reference
    parts = []
    for block in frames.blocks(atoms, whole=whole, finite=superpose):
        mobile = block.positions.astype(np.float64)
        if superpose:
            mobile -= (weights @ mobile)[:, None, :]
            mobile = mobile @ rotations_onto(reference, mobile, weights)
        mobile -= reference
        parts.append(np.sqrt(np.einsum("fax,fax,a->f", mobile, mobile, weights)))
    return {"rmsd": np.concatenate(parts)}


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
