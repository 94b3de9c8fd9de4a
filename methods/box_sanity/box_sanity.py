"""Guest: whether periodic cells are what they should be."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from MDAnalysis.lib.mdamath import triclinic_vectors
from scipy.spatial import cKDTree

FINDINGS_LIMIT = 1_000  # more tell no more
SHIFTS = np.array(list(itertools.product((-1, 0, 1), repeat=3))[14:])  # half of the neighbouring cells

Finding = tuple[str, int, int, float, float, str]  # problem, frame, atom, value, limit, unit


def box_sanity(
    universe: Any, frames: Any, *, select: str | None, volume_jump: float, image_distance: float
) -> dict[str, Any]:
    """Check the cell of each frame, against the frame before and against the extent of molecules.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to check.
    select
        Atoms of the molecules whose extent counts; None: proteins and nucleic acids.
    volume_jump
        Largest change of the volume from a frame to the next, as a part of it.
    image_distance
        Least distance of a molecule from its own images, angstrom.

    Returns
    -------
    dict
        `volumes` (frame,) angstrom**3; `least_gaps` (frame,) angstrom or None; the verdict.
    """
    atoms = polymers_of(universe) if select is None else universe.select_atoms(select)
    molecules = _molecules(atoms)
    volumes, gaps = np.zeros(len(frames)), np.full(len(frames), np.nan)
    found: list[Finding] = []
    for row, timestep in enumerate(frames):
        if timestep.dimensions is None or not np.isfinite(timestep.dimensions).all():
            continue
        lattice = triclinic_vectors(timestep.dimensions, dtype=np.float64)
        volumes[row] = abs(np.linalg.det(lattice))
        if not len(atoms) or not volumes[row] or not timestep.has_positions or not np.isfinite(atoms.positions).all():
            continue
        positions = in_one_piece(atoms.positions.astype(np.float64), lattice)
        gaps[row], distance, atom = from_own_images(positions, molecules, SHIFTS @ lattice, image_distance)
        if distance < image_distance:
            frame, problem = int(frames.indices[row]), "a molecule is near its own image"
            found.append((problem, frame, int(atoms.ix[atom]), distance, image_distance, "angstrom"))
    if volumes.any():  # a trajectory without any cell is no mistake
        for row in np.flatnonzero(volumes == 0.0):
            found.append(("there is no cell", int(frames.indices[row]), -1, 0.0, 0.0, "angstrom**3"))
        changes = np.abs(np.diff(volumes)) / np.where(volumes[:-1] > 0.0, volumes[:-1], np.inf)
        for row in np.flatnonzero((changes > volume_jump) & (volumes[1:] > 0.0)):
            index = int(frames.indices[row + 1])
            found.append(("the volume jumps, as a part of it", index, -1, float(changes[row]), volume_jump, ""))
    return {"volumes": volumes, "least_gaps": gaps if np.isfinite(gaps).any() else None, **verdict(found)}


def in_one_piece(positions: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Move each atom (atom, xyz) by lattice vectors to the image nearest to the atom before it."""
    jumps = np.rint(np.diff(positions, axis=0) @ np.linalg.inv(lattice))
    moved = positions.copy()
    moved[1:] -= np.cumsum(jumps, axis=0) @ lattice
    return moved


def from_own_images(
    positions: np.ndarray, molecules: list[np.ndarray], vectors: np.ndarray, near: float
) -> tuple[float, float, int]:
    """Return how near molecules are to their own images.

    Parameters
    ----------
    positions
        (atom, xyz) of whole molecules, angstrom.
    molecules
        Rows of the atoms of each molecule.
    vectors
        (image, xyz): where the images are; the opposite ones need not be there.
    near
        Distances below this are measured, angstrom.

    Returns
    -------
    tuple
        The least gap: length of a vector less the extent of a molecule along it, which no distance is below. The least
        distance, and the row of the atom that has it; infinity and -1 if no gap is below `near`.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    least_gap, least_distance, nearest_atom = np.inf, np.inf, -1
    for rows in molecules:
        own = positions[rows]
        gaps = lengths - np.ptp(own @ (vectors / lengths[:, None]).T, axis=0)
        least_gap = min(least_gap, float(gaps.min()))
        for vector in vectors[gaps < near]:
            distances = cKDTree(own + vector).query(own)[0]
            if distances.min() < least_distance:
                least_distance, nearest_atom = float(distances.min()), int(rows[distances.argmin()])
    return least_gap, least_distance, nearest_atom


def _molecules(atoms: Any) -> list[np.ndarray]:
    """Return the rows of each molecule's atoms: what bonds connect, or chains where the topology lists few bonds.

    A chain ends with its segment, or where numbers of residues begin again.
    """
    if not len(atoms):
        return []
    universe = atoms.universe
    if hasattr(universe, "bonds") and 2 * len(universe.bonds) >= len(universe.atoms):
        labels = atoms.fragindices
    else:
        labels = np.cumsum(np.diff(atoms.segindices, prepend=0).astype(bool) | (np.diff(atoms.resids, prepend=0) < 0))
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


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
