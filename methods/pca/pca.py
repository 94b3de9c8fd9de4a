"""Guest: the principal components of the motion of some atoms."""

from __future__ import annotations

from typing import Any

import numpy as np

COORDINATES_LIMIT_BYTES = 512 << 20  # of all frames at once, in float64
SIDE_LIMIT = 4_000  # of the matrix whose eigenvectors are taken: 128 MB, a minute


class ArgumentError(Exception):
    """There are too few or too many frames, atoms or components."""


def pca(
    universe: Any, frames: Any, *, select: str, n_components: int, superpose: bool, ref_frame: int, whole: bool
) -> dict[str, Any]:
    """Find the directions in which positions vary most, and the way along them.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to analyse.
    select
        Atoms to analyse.
    n_components
        Most components to give.
    superpose
        Whether each frame is first moved and rotated onto the reference.
    ref_frame
        Index of the reference in the file.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `projections`: (frame, component) float64, angstrom; `variances`, `components`, `mean_positions` beside them.
    """
    atoms = universe.select_atoms(select)
    coordinates = _coordinates(atoms, frames, superpose, ref_frame, whole)
    mean = coordinates.mean(axis=0)
    coordinates -= mean
    n_frames, n_coordinates = coordinates.shape
    total = float(np.einsum("fc,fc->", coordinates, coordinates) / (n_frames - 1))
    # The covariance of coordinates and the products of frames have the same eigenvalues: the smaller one is taken.
    by_frames = n_frames < n_coordinates
    matrix = (coordinates @ coordinates.T if by_frames else coordinates.T @ coordinates) / (n_frames - 1)
    variances, vectors = np.linalg.eigh(matrix)
    count = min(n_components, n_frames - 1, n_coordinates)
    variances, vectors = np.maximum(variances[::-1][:count], 0.0), vectors[:, ::-1][:, :count]
    components = vectors
    if by_frames:
        components = coordinates.T @ vectors
        components /= np.maximum(np.linalg.norm(components, axis=0), np.finfo(float).tiny)
    # A component has no sign of its own: the greatest entry is made positive.
    greatest = components[np.argmax(np.abs(components), axis=0), np.arange(count)]
    components = components * np.where(greatest < 0.0, -1.0, 1.0)
    return {
        "projections": coordinates @ components,
        "variances": variances,
        "total_variance": total,
        "components": components.T.reshape(count, len(atoms), 3),
        "mean_positions": mean.reshape(len(atoms), 3),
        "atom_indices": atoms.ix,
    }


def _coordinates(atoms: Any, frames: Any, superpose: bool, ref_frame: int, whole: bool) -> np.ndarray:
    """Return the coordinates (frame, atom x xyz) of all frames, superposed if asked."""
    n_frames, n_coordinates = len(frames), 3 * len(atoms)
    if n_frames < 2:
        raise ArgumentError("one frame has no variance; choose more by start=, stop= and step=")
    if 8 * n_frames * n_coordinates > COORDINATES_LIMIT_BYTES or min(n_frames, n_coordinates) > SIDE_LIMIT:
        raise ArgumentError(
            f"{n_frames} frames of {len(atoms)} atoms are too many ({COORDINATES_LIMIT_BYTES >> 20} MiB of coordinates "
            f"and {SIDE_LIMIT} frames or {SIDE_LIMIT // 3} atoms); use step= or select fewer"
        )
    reference = frames.positions_at(ref_frame, atoms, whole=whole, finite=superpose)
    centre = reference.mean(axis=0)
    reference -= centre
    coordinates, row = np.empty((n_frames, n_coordinates)), 0
    for block in frames.blocks(atoms, whole=whole, finite=True):
        positions = block.positions.astype(np.float64)
        if superpose:
            positions -= positions.mean(axis=1)[:, None, :]
            positions = positions @ rotations_onto(reference, positions) + centre
        coordinates[row : row + len(positions)] = positions.reshape(len(positions), n_coordinates)
        row += len(positions)
    return coordinates


def rotations_onto(reference: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Return the rotations that bring each frame closest to the reference (Kabsch 1976).

    Parameters
    ----------
    reference
        (atom, xyz), centre at the origin.
    mobile
        (frame, atom, xyz), centres at the origin.

    Returns
    -------
    numpy.ndarray
        (frame, xyz, xyz); `mobile @ rotations` is superposed. Proper rotations: a mirror image is never taken.
    """
    left, _, right = np.linalg.svd(mobile.transpose(0, 2, 1) @ reference)
    left[:, :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[:, None]
    return left @ right
