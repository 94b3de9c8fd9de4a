"""Guest: makes molecules whole that the periodic cell has cut, in many frames at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.failures import ArgumentError


class WholeMolecules:
    """Walks the bonds of all molecules that have a selected atom, from each molecule's first atom outwards.

    Each atom is moved by lattice vectors next to the atom that it was reached from. Correct as long as a bond is
    shorter than half of the cell's smallest height.

    Parameters
    ----------
    atoms
        The selected atoms; the rest of their molecules is found by their bonds.

    Raises
    ------
    ArgumentError
        The topology has no bonds, or lacks those of selected atoms: a PDB often lists those of a ligand alone.
    """

    def __init__(self, atoms: Any) -> None:
        if not hasattr(atoms.universe, "bonds") or not len(atoms.universe.bonds):
            raise ArgumentError(
                "whole=True needs bonds, and this topology has none; deposit the trajectory with one that has, as PSF"
            )
        bonds = np.asarray(atoms.universe.bonds.indices)
        _check_bonded(atoms, bonds)
        molecules = _molecules(bonds, len(atoms.universe.atoms))
        self.indices = np.flatnonzero(np.isin(molecules, molecules[atoms.ix]))
        self.selected = np.searchsorted(self.indices, atoms.ix)
        inside = np.isin(bonds[:, 0], self.indices)
        firsts = np.unique(molecules[self.indices])
        self._steps = _steps_outwards(
            np.searchsorted(self.indices, bonds[inside]), np.searchsorted(self.indices, firsts), len(self.indices)
        )

    def whole(self, positions: np.ndarray, lattices: np.ndarray) -> np.ndarray:
        """Return the selected atoms' positions in whole molecules.

        Parameters
        ----------
        positions
            (frame, atom, xyz) of the atoms of `indices`, angstrom.
        lattices
            (frame, vector, xyz), angstrom.

        Returns
        -------
        numpy.ndarray
            (frame, atom, xyz) float32 of the selected atoms.
        """
        moved = positions.astype(np.float64)
        to_fractions = np.linalg.inv(lattices)
        for from_atoms, to_atoms in self._steps:
            bond = moved[:, to_atoms] - moved[:, from_atoms]
            moved[:, to_atoms] -= np.rint(bond @ to_fractions) @ lattices
        return moved.take(self.selected, axis=1).astype(np.float32)  # in C order, as other blocks are


def _check_bonded(atoms: Any, bonds: np.ndarray) -> None:
    """Raise where an atom of a residue of several has no bond; sites without mass, as those of water, may have none."""
    residue_of = atoms.universe.atoms.resindices
    n_in_residue = np.bincount(residue_of)[residue_of[atoms.ix]]
    alone = atoms[(n_in_residue > 1) & ~np.isin(atoms.ix, bonds)]
    lost = alone[alone.masses != 0.0] if hasattr(alone, "masses") else alone
    if len(lost):
        raise ArgumentError(
            f"whole=True needs all bonds, and {len(lost)} of {len(atoms)} selected atoms have none in this topology, "
            f"as the one with index {lost[0].ix}; deposit the trajectory with one that has, as PSF, or select others"
        )


def _molecules(bonds: np.ndarray, n_atoms: int) -> np.ndarray:
    """Return for each atom the lowest index in its molecule: labels run along the bonds until none changes."""
    label = np.arange(n_atoms)
    while True:
        lower = label.copy()
        np.minimum.at(lower, bonds[:, 0], label[bonds[:, 1]])
        np.minimum.at(lower, bonds[:, 1], label[bonds[:, 0]])
        lower = lower[lower]  # labels jump to the label of their label: long chains take few rounds
        if np.array_equal(lower, label):
            return label
        label = lower


def _steps_outwards(bonds: np.ndarray, firsts: np.ndarray, n_atoms: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return breadth-first steps over all molecules at once: (from, to) atom indices, each atom reached once."""
    pairs = np.concatenate([bonds, bonds[:, ::-1]])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    starts = np.searchsorted(pairs[:, 0], np.arange(n_atoms + 1))
    seen = np.zeros(n_atoms, bool)
    steps = []
    frontier = firsts
    while len(frontier):
        seen[frontier] = True
        counts = starts[frontier + 1] - starts[frontier]
        places = np.repeat(starts[frontier] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        reached, first = np.unique(pairs[places, 1], return_index=True)
        new = ~seen[reached]
        frontier = reached[new]
        if len(frontier):
            steps.append((pairs[places[first[new]], 0], frontier))
    return steps
