"""Guest: the backbone dihedral angles phi and psi of each residue in each frame."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """No selected residue has both angles."""


def ramachandran(universe: Any, frames: Any, *, select: str) -> dict[str, Any]:
    """Measure phi and psi of all selected residues that have both.

    Parameters
    ----------
    universe
        Trajectory with a protein.
    frames
        Frames to measure.
    select
        Atoms whose residues are measured; their neighbours in the chain need not be selected.

    Returns
    -------
    dict
        `phi`, `psi`: (frame, residue) float64, degree, from -180 to 180; names of the residues.
    """
    if not hasattr(universe.atoms, "names"):
        raise ArgumentError(
            "a backbone is known by names of atoms, and this topology has none; deposit it with one that has"
        )
    residues, corners = _corners(universe, universe.select_atoms(select).residues.resindices)
    if not len(residues):
        raise ArgumentError(
            f"select={select!r} has no residue between two others of one protein chain, with atoms N, CA and C; "
            "call without select="
        )
    atoms = universe.atoms[np.unique(corners)]
    corners = np.searchsorted(atoms.ix, corners)
    angles = []
    for block in frames.blocks(atoms):
        steps = np.diff(block.positions.astype(np.float64)[:, corners], axis=2)
        if block.boxes is not None:
            # Bonds are short: their nearest image is found by rounding, in any cell.
            fractions = np.einsum("frsx,fxv->frsv", steps, np.linalg.inv(block.lattices))
            steps -= np.einsum("frsv,fvx->frsx", np.rint(fractions), block.lattices)
        angles.append(np.stack([dihedrals(steps[:, :, 0:3]), dihedrals(steps[:, :, 1:4])]))
    phi, psi = np.degrees(np.concatenate(angles, axis=1))
    chosen = universe.residues[residues]
    return {
        "phi": phi,
        "psi": psi,
        "resids": chosen.resids,
        "resnames": [str(name) for name in chosen.resnames],
        "segids": [str(name) for name in chosen.segids],
    }


def dihedrals(steps: np.ndarray) -> np.ndarray:
    """Return dihedral angles by the arc tangent, which is exact at 0 and 180 degrees too.

    Parameters
    ----------
    steps
        (..., step, xyz): the three vectors from each point to the next.

    Returns
    -------
    numpy.ndarray
        (...) radian. Looking along the second step, clockwise is positive.
    """
    first, axis, last = np.moveaxis(steps, -2, 0)
    plane_a, plane_b = np.cross(first, axis), np.cross(axis, last)
    sines = np.einsum("...x,...x", first, plane_b) * np.linalg.norm(axis, axis=-1)
    return np.arctan2(sines, np.einsum("...x,...x", plane_a, plane_b))


def _corners(universe: Any, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return residues (residue,) that have both angles, and their atoms (residue, corner): C, N, CA, C, N."""
    residues = universe.residues
    place = {}
    for name in ("N", "CA", "C"):
        place[name] = np.full(len(residues) + 1, -1)  # the last entry stands for no neighbour
        atoms = universe.select_atoms(f"name {name}")
        place[name][atoms.resindices[::-1]] = atoms.ix[::-1]  # of several places of an atom the first
    steps = np.diff(residues.resids)
    follows = steps == 1
    if hasattr(residues, "icodes"):  # a PDB numbers insertions 52, 52A, 52B
        codes = residues.icodes.astype(str)
        follows |= (steps == 0) & (codes[1:] != codes[:-1])
    follows &= np.diff(residues.segindices) == 0
    complete = (place["N"] >= 0) & (place["CA"] >= 0) & (place["C"] >= 0)
    inner = np.zeros(len(residues), bool)
    inner[1:-1] = follows[:-1] & follows[1:] & complete[:-3] & complete[1:-2] & complete[2:-1]
    chosen = np.intersect1d(np.flatnonzero(inner), wanted)
    atoms_of = [place["C"][chosen - 1], *(place[name][chosen] for name in ("N", "CA", "C")), place["N"][chosen + 1]]
    return chosen, np.stack(atoms_of, axis=1)
