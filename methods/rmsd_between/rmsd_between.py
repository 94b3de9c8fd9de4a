"""Guest: the root mean square deviation of each frame from structures of another file."""

from __future__ import annotations

from typing import Any

import numpy as np

COORDINATES_LIMIT = 50_000_000  # numbers of the other file in memory, 400 MB


class ArgumentError(Exception):
    """The two files cannot be compared as the arguments ask."""


def rmsd_between(
    universe: Any,
    other: Any,
    frames: Any,
    *,
    select: str,
    other_select: str | None,
    other_frame: int,
    all_frames: bool,
    superpose: bool,
    mass_weighted: bool,
    whole: bool,
) -> dict[str, Any]:
    """Measure all frames against one frame, or all frames, of another file.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    other
        Structure or trajectory to compare with.
    frames
        Frames to measure.
    select, other_select
        Atoms in both files, in the same order; `other_select` None: as `select`.
    other_frame
        Index in the other file.
    all_frames
        Whether to compare with all frames of the other file as well.
    superpose
        Whether each frame is first moved and rotated for the least deviation.
    mass_weighted
        Whether atoms count by their mass.
    whole
        Whether molecules of the first file are made whole before.

    Returns
    -------
    dict
        `rmsd`: (frame,) float64, angstrom; `matrix`: (frame, other_frame) or None; `n_atoms`.
    """
    atoms, other_atoms = universe.select_atoms(select), other.select_atoms(other_select or select)
    if len(atoms) != len(other_atoms):
        raise ArgumentError(
            f"select finds {len(atoms)} atoms in the first file and {len(other_atoms)} in the other; "
            "give other_select, so that both are the same atoms"
        )
    n_others = len(other.trajectory)
    if not -n_others <= other_frame < n_others:
        raise ArgumentError(f"other_frame={other_frame} is beyond the {n_others} frames of the other file")
    weights = _weights(atoms, mass_weighted)
    wanted = range(n_others) if all_frames else [other_frame % n_others]
    references = _positions(other, other_atoms, wanted, weights if superpose else None)
    rows = []
    for block in frames.blocks(atoms, whole=whole, finite=True):
        mobile = block.positions.astype(np.float64)
        if superpose:
            mobile -= (weights @ mobile)[:, None, :]
        rows.append(np.stack([_deviations(mobile, one, weights, superpose) for one in references], axis=1))
    matrix = np.concatenate(rows)
    return {
        "rmsd": matrix[:, other_frame % n_others if all_frames else 0],
        "matrix": matrix if all_frames else None,
        "n_atoms": len(atoms),
    }


def _positions(universe: Any, atoms: Any, indices: Any, centre_by: np.ndarray | None) -> np.ndarray:
    """Return positions (frame, atom, xyz) float64 of some frames, centred if weights for that are given."""
    if 3 * len(atoms) * len(indices) > COORDINATES_LIMIT:
        raise ArgumentError(f"{len(indices)} frames of {len(atoms)} atoms are too many; select fewer atoms")
    found = np.empty((len(indices), len(atoms), 3))
    for row, index in enumerate(indices):
        universe.trajectory[index]
        found[row] = atoms.positions
    if centre_by is not None:
        found -= (centre_by @ found)[:, None, :]
    return found


def _deviations(mobile: np.ndarray, reference: np.ndarray, weights: np.ndarray, superpose: bool) -> np.ndarray:
    """Return the deviation (frame,) of frames (frame, atom, xyz) from one structure (atom, xyz)."""
    moved = mobile @ rotations_onto(reference, mobile, weights) if superpose else mobile
    away = moved - reference
    return np.sqrt(np.einsum("fax,fax,a->f", away, away, weights))


def rotations_onto(reference: np.ndarray, mobile: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return proper rotations (frame, xyz, xyz) that bring centred frames closest to the reference (Kabsch 1976)."""
    covariances = mobile.transpose(0, 2, 1) @ (reference * weights[:, None])
    left, _, right = np.linalg.svd(covariances)
    left[:, :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[:, None]
    return left @ right


def _weights(atoms: Any, mass_weighted: bool) -> np.ndarray:
    """Return weights (atom,) that add up to 1."""
    if not mass_weighted:
        return np.full(len(atoms), 1.0 / len(atoms))
    masses = atoms.masses if hasattr(atoms, "masses") else np.zeros(len(atoms))
    if not masses.sum() > 0.0:
        raise ArgumentError("the selected atoms have no masses; call again with mass_weighted=False")
    return masses / masses.sum()
