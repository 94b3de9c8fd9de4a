"""Guest: the thickness of a flat bilayer."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The atoms are no bilayer in a cell."""


def thickness(universe: Any, frames: Any, *, heads: str, normal: str) -> dict[str, np.ndarray]:
    """Measure from the mean head of one leaflet to that of the other.

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
        `thickness`: (frame,) float64, angstrom; `upper`, `lower`: (frame,) float64, angstrom, from the middle.
    """
    chosen = universe.select_atoms(heads)
    if len(chosen) != len(chosen.residues):
        raise ArgumentError(
            f"heads={heads!r} finds {len(chosen)} atoms in {len(chosen.residues)} lipids; select one of each"
        )
    atoms = chosen.residues.atoms
    head = np.searchsorted(atoms.ix, chosen.ix)[np.argsort(chosen.resindices)]
    lipid_of = np.unique(atoms.resindices, return_inverse=True)[1]
    uppers, lowers = [], []
    for block in frames.blocks(atoms, finite=True):
        if block.boxes is None:
            raise ArgumentError("a bilayer is seen over the borders of the periodic cell, and these frames have none")
        to_fraction = np.linalg.inv(block.lattices)[:, :, "xyz".index(normal)]
        heights = 1.0 / np.linalg.norm(to_fraction, axis=1)
        fractions = np.einsum("fax,fx->fa", block.positions.astype(np.float64), to_fraction)
        places, upper = places_of_heads(fractions, head, lipid_of)
        if not (upper.any(axis=1) & ~upper.all(axis=1)).all():
            raise ArgumentError(
                f"all lipids of heads={heads!r} point the same way along {normal}; this is no bilayer across it"
            )
        uppers.append(heights * np.mean(places, axis=1, where=upper))
        lowers.append(heights * np.mean(places, axis=1, where=~upper))
    high, low = np.concatenate(uppers), np.concatenate(lowers)
    return {"thickness": high - low, "upper": high, "lower": low}


def places_of_heads(fractions: np.ndarray, head: np.ndarray, lipid_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where heads are along the normal, seen from the middle of the bilayer, and whether they point up.

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
    tuple of numpy.ndarray
        (frame, lipid) fraction of the height from the middle, and (frame, lipid) bool.
    """
    below = fractions[:, head[lipid_of]] - fractions
    below -= np.rint(below)  # a lipid that the cell cuts is seen from its head
    depth = np.array([np.bincount(lipid_of, each) for each in below]) / np.bincount(lipid_of)
    # The middle is that of the lipids' own middles, on a circle: the cell may cut the bilayer.
    middles = fractions[:, head] - depth
    middle = np.angle(np.exp(2j * np.pi * middles).mean(axis=1)) / (2.0 * np.pi)
    from_middle = middles - middle[:, None]
    return from_middle - np.rint(from_middle) + depth, depth > 0.0
