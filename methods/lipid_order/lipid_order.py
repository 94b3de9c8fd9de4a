"""Guest: the order parameter of each carbon along lipid tails."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import capped_distance

LONGEST_COVALENT_BOND = 1.3  # angstrom, of a hydrogen, where the topology lists no bonds


class ArgumentError(Exception):
    """The carbons have no hydrogens, or no names."""


def lipid_order(universe: Any, frames: Any, *, select: str, normal: str) -> dict[str, Any]:
    """Average the orientation of carbon-hydrogen bonds over lipids and frames.

    Parameters
    ----------
    universe
        Trajectory with a bilayer, hydrogens included.
    frames
        Frames to average over.
    select
        Carbons of the tails; those of the same name are averaged.
    normal
        `x`, `y` or `z`: the direction across the bilayer.

    Returns
    -------
    dict
        `order`: (carbon,) float64; `carbons`: their names; `n_bonds`: (carbon,) int64.
    """
    carbons = universe.select_atoms(select)
    if not hasattr(carbons, "names"):
        raise ArgumentError("carbons are known by names, and this topology has none; deposit it with one that has")
    pairs = _bonds(universe, carbons, frames)
    if not len(pairs):
        raise ArgumentError(
            f"select={select!r} has no carbon with a hydrogen; select carbons of tails, in a topology with all atoms"
        )
    atoms = universe.atoms[np.unique(pairs)]
    carbon, hydrogen = np.searchsorted(atoms.ix, pairs).T
    names = atoms.names[carbon].astype(str)
    known, firsts, of_bond, n_bonds = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    total = np.zeros(len(known))
    for block in frames.blocks(atoms):
        positions = block.positions.astype(np.float64)
        bonds = positions[:, hydrogen] - positions[:, carbon]
        if block.boxes is not None:
            bonds -= np.rint(bonds @ np.linalg.inv(block.lattices)) @ block.lattices
        cosines = bonds[:, :, "xyz".index(normal)] ** 2 / np.einsum("fbx,fbx->fb", bonds, bonds)
        total += np.bincount(of_bond, (1.5 * cosines - 0.5).sum(axis=0), len(known))
    order = np.argsort(firsts)
    return {
        "order": (total / n_bonds / len(frames))[order],
        "carbons": known[order].tolist(),
        "n_bonds": n_bonds[order],
    }


def _bonds(universe: Any, carbons: Any, frames: Any) -> np.ndarray:
    """Return pairs (bond, 2) of a carbon and a hydrogen on it, as indices in the file, in the order of the carbons."""
    names = universe.atoms.names.astype(str)
    is_hydrogen = np.char.startswith(np.char.lstrip(names, "123"), "H")
    if hasattr(universe, "bonds") and 2 * len(universe.bonds) >= len(universe.atoms):
        bonds = np.asarray(universe.bonds.indices)
        bonds = np.concatenate([bonds, bonds[:, ::-1]])
        bonds = bonds[np.isin(bonds[:, 0], carbons.ix) & is_hydrogen[bonds[:, 1]]]
        return bonds[np.lexsort(bonds.T[::-1])]
    # A hydrogen belongs to the nearest other atom, in the first frame of the file.
    lipids = carbons.residues.atoms
    hydrogens, heavy = lipids[is_hydrogen[lipids.ix]], lipids[~is_hydrogen[lipids.ix]]
    near = [frames.positions_at(0, group).astype(np.float32) for group in (hydrogens, heavy)]
    found, lengths = capped_distance(*near, LONGEST_COVALENT_BOND, box=universe.trajectory.ts.dimensions)
    found = found[np.lexsort((lengths, found[:, 0]))]
    found = found[np.unique(found[:, 0], return_index=True)[1]]
    bonds = np.stack([heavy.ix[found[:, 1]], hydrogens.ix[found[:, 0]]], axis=1)
    bonds = bonds[np.isin(bonds[:, 0], carbons.ix)]
    return bonds[np.lexsort(bonds.T[::-1])]
