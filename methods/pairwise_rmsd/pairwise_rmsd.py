"""Guest: the root mean square deviation of each frame from each other frame."""

from __future__ import annotations

from typing import Any

import numpy as np

FRAMES_LIMIT = 2_500  # the matrix then has 50 MB, and three million rotations take a minute
COORDINATES_LIMIT_BYTES = 512 << 20  # of all frames at once, in float64


class ArgumentError(Exception):
    """There are too many frames or atoms for a matrix."""


def pairwise_rmsd(
    universe: Any, frames: Any, *, select: str, superpose: bool, mass_weighted: bool, whole: bool
) -> dict[str, np.ndarray]:
    """Measure all pairs of frames.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select
        Atoms to superpose and measure.
    superpose
        Whether each pair is superposed for the least deviation.
    mass_weighted
        Whether atoms count by their mass.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `rmsd`: (frame, other_frame) float64, angstrom; index and time of each frame beside it.
    """
    atoms = universe.select_atoms(select)
    if len(frames) > FRAMES_LIMIT or 24 * len(frames) * len(atoms) > COORDINATES_LIMIT_BYTES:
        raise ArgumentError(
            f"{len(frames)} frames of {len(atoms)} atoms are too many for all pairs ({FRAMES_LIMIT} frames, "
            f"{COORDINATES_LIMIT_BYTES >> 20} MiB of coordinates); use step= or select fewer"
        )
    weights = _weights(atoms, mass_weighted)
    positions, row = np.empty((len(frames), len(atoms), 3)), 0
    for block in frames.blocks(atoms, whole=whole, finite=True):
        positions[row : row + len(block.frames)] = block.positions
        row += len(block.frames)
    if superpose:
        positions -= (weights @ positions)[:, None, :]
    positions *= np.sqrt(weights)[:, None]
    squares = np.einsum("fax,fax->f", positions, positions)
    rmsd = np.zeros((len(positions), len(positions)))
    for row in range(len(positions) - 1):
        others = positions[row + 1 :]
        if superpose:
            deviations = squares[row] + squares[row + 1 :] - 2.0 * greatest_overlaps(positions[row], others)
        else:
            deviations = ((others - positions[row]) ** 2).sum(axis=(1, 2))
        rmsd[row, row + 1 :] = rmsd[row + 1 :, row] = np.sqrt(np.maximum(deviations, 0.0))
    return {"rmsd": rmsd, "frame_indices": frames.indices, "frame_times": frames.times}


def greatest_overlaps(reference: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Return the greatest sum of products of coordinates that a proper rotation of each frame reaches (Kabsch 1976).

    Parameters
    ----------
    reference
        (atom, xyz), centre at the origin.
    mobile
        (frame, atom, xyz), centres at the origin.

    Returns
    -------
    numpy.ndarray
        (frame,)
    """
    covariances = mobile.transpose(0, 2, 1) @ reference
    strengths = np.linalg.svd(covariances, compute_uv=False)
    strengths[:, 2] *= np.sign(
        np.linalg.det(covariances)
    )  # the weakest turns round where a mirror image would fit better
    return strengths.sum(axis=1)


def _weights(atoms: Any, mass_weighted: bool) -> np.ndarray:
    """Return weights (atom,) that add up to 1."""
    if not mass_weighted:
        return np.full(len(atoms), 1.0 / len(atoms))
    masses = atoms.masses
    if not masses.sum() > 0.0:
        raise ArgumentError("the selected atoms have no masses; call again with mass_weighted=False")
    return masses / masses.sum()
