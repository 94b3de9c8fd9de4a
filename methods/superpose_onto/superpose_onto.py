"""Guest: frames moved and rotated onto a structure of another file."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The two files cannot be superposed as the arguments ask."""


def superpose_onto(
    universe: Any,
    other: Any,
    frames: Any,
    *,
    fit: str,
    other_fit: str | None,
    select: str | None,
    other_frame: int,
    mass_weighted: bool,
    whole: bool,
) -> dict[str, np.ndarray]:
    """Superpose all frames onto one frame of another file.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    other
        Structure or trajectory to superpose onto.
    frames
        Frames to move.
    fit, other_fit
        Atoms that are superposed, in the same order; `other_fit` None: as `fit`.
    select
        Atoms to give; None: as `fit`.
    other_frame
        Index in the other file.
    mass_weighted
        Whether atoms count by their mass.
    whole
        Whether molecules of the first file are made whole before.

    Returns
    -------
    dict
        `positions`: (frame, atom, xyz) float32, angstrom; `rmsd`: (frame,) float64, angstrom;
        `rotations`: (frame, xyz, rotated) float64; `atom_indices`: (atom,) int64.
    """
    fitted, other_atoms = universe.select_atoms(fit), other.select_atoms(other_fit or fit)
    given = fitted if select is None else universe.select_atoms(select)
    if len(fitted) != len(other_atoms):
        raise ArgumentError(
            f"fit finds {len(fitted)} atoms in the first file and {len(other_atoms)} in the other; "
            "give other_fit, so that both are the same atoms"
        )
    n_others = len(other.trajectory)
    if not -n_others <= other_frame < n_others:
        raise ArgumentError(f"other_frame={other_frame} is beyond the {n_others} frames of the other file")
    weights = _weights(fitted, mass_weighted)
    other.trajectory[other_frame]
    reference = other_atoms.positions.astype(np.float64)
    centre = weights @ reference
    reference -= centre
    both = fitted | given  # sorted, each atom once
    fit_rows, give_rows = np.searchsorted(both.ix, fitted.ix), np.searchsorted(both.ix, given.ix)
    moved, left_over, turned = [], [], []
    for block in frames.blocks(both, whole=whole, finite=True):
        mobile = block.positions.astype(np.float64)
        mobile -= (weights @ mobile[:, fit_rows])[:, None, :]
        rotations = rotations_onto(reference, mobile[:, fit_rows], weights)
        mobile = mobile @ rotations
        away = mobile[:, fit_rows] - reference
        left_over.append(np.sqrt(np.einsum("fax,fax,a->f", away, away, weights)))
        moved.append((mobile[:, give_rows] + centre).astype(np.float32))
        turned.append(rotations)
    return {
        "positions": np.concatenate(moved),
        "rmsd": np.concatenate(left_over),
        "rotations": np.concatenate(turned),
        "atom_indices": given.ix,
    }


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
