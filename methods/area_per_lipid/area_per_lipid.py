"""Guest: the area per lipid in either leaflet of a flat bilayer."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The atoms are no bilayer in a cell."""


def area_per_lipid(universe: Any, frames: Any, *, heads: str, normal: str) -> dict[str, np.ndarray]:
    """Divide the face of the cell by the number of lipids in each leaflet.

    Parameters
    ----------
    universe
        Trajectory with a bilayer and a periodic cell.
    frames
        Frames to measure.
    heads
        One atom of the head of each lipid; the lipid is its residue.
    normal
        `x`, `y` or `z`: the lattice vector that crosses the bilayer.

    Returns
    -------
    dict
        `area`, `area_upper`, `area_lower`: (frame,) float64, angstrom**2; numbers of lipids beside them.
    """
    chosen = universe.select_atoms(heads)
    if len(chosen) != len(chosen.residues):
        raise ArgumentError(
            f"heads={heads!r} finds {len(chosen)} atoms in {len(chosen.residues)} lipids; select one of each"
        )
    atoms = chosen.residues.atoms
    head = np.searchsorted(atoms.ix, chosen.ix)[np.argsort(chosen.resindices)]
    lipid_of = np.unique(atoms.resindices, return_inverse=True)[1]
    faces, uppers = [], []
    for block in frames.blocks(atoms, finite=True):
        if block.boxes is None:
            raise ArgumentError("the area is that of the periodic cell, and these frames have none")
        to_fraction = np.linalg.inv(block.lattices)[:, :, "xyz".index(normal)]
        fractions = np.einsum("fax,fx->fa", block.positions.astype(np.float64), to_fraction)
        uppers.append(np.count_nonzero(heads_up(fractions, head, lipid_of), axis=1))
        faces.append(np.linalg.det(block.lattices) * np.linalg.norm(to_fraction, axis=1))
    face, n_upper = np.concatenate(faces), np.concatenate(uppers)
    n_lower = len(chosen) - n_upper
    if not (n_upper.all() and n_lower.all()):
        raise ArgumentError(
            f"all lipids of heads={heads!r} point the same way along {normal}; this is no bilayer across it"
        )
    return {
        "area": 2.0 * face / len(chosen),
        "area_upper": face / n_upper,
        "area_lower": face / n_lower,
        "n_upper": n_upper,
        "n_lower": n_lower,
    }


def heads_up(fractions: np.ndarray, head: np.ndarray, lipid_of: np.ndarray) -> np.ndarray:
    """Return whether the head of each lipid lies above the middle of its atoms.

    Parameters
    ----------
    fractions
        (frame, atom) fractional coordinate along the normal.
    head
        (lipid,) index of its head.
    lipid_of
        (atom,) index of its lipid.

    Returns
    -------
    numpy.ndarray
        (frame, lipid) bool.
    """
    below = fractions[:, head[lipid_of]] - fractions
    below -= np.rint(below)  # a lipid that the cell cuts is seen from its head
    return np.array([np.bincount(lipid_of, each) for each in below]) > 0.0
