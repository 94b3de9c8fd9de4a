"""Guest: whether topology and coordinates are of the same atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.guesser.tables import masses as standard_masses
from MDAnalysis.lib.mdamath import triclinic_vectors
from scipy.spatial import cKDTree

FINDINGS_LIMIT = 1_000  # more tell no more
RESIDUE_LIMIT = 1_000  # atoms; larger residues are what formats without residues have, and say nothing
APART = 1e6  # angstrom between residues in a fourth dimension, so that the nearest atom is one of the same residue
MASS_TOLERANCE = 0.5  # dalton; rounded masses, and Drude particles that take 0.4
HEAVY_HYDROGEN = 4.1  # dalton; with masses repartitioned, which takes from the heavy atom what its hydrogens gain

Finding = tuple[str, int, int, float, float, str]  # problem, frame, atom, value, limit, unit


def atoms_match(universe: Any, frames: Any, *, hydrogen_reach: float, reach: float) -> dict[str, Any]:
    """Check elements against masses, and the first frame against bonds and residues.

    Parameters
    ----------
    universe
        Trajectory with its topology; they have the same number of atoms, or would not have been opened.
    frames
        The first of them is looked at.
    hydrogen_reach, reach
        Largest distance of a hydrogen, and of another atom, from the nearest atom that belongs to it, angstrom.

    Returns
    -------
    dict
        `n_atoms`, `n_masses`, `n_distances`: int; the verdict.
    """
    atoms, frame = universe.atoms, int(frames.indices[0])
    positions = frames.positions_at(frame, atoms)
    lost = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    found = [("the coordinates are no numbers", frame, int(atom), np.nan, reach, "angstrom") for atom in lost]
    n_masses, wrong = _masses(atoms)
    found += wrong
    distances = _to_own_atoms(atoms, positions, universe.trajectory.ts.dimensions)
    limits = np.where(_is_hydrogen(atoms), hydrogen_reach, reach)
    for atom in np.flatnonzero(distances > limits):
        problem = "the atom is far from all that belong to it"
        found.append((problem, frame, int(atom), float(distances[atom]), float(limits[atom]), "angstrom"))
    n_distances = int(np.isfinite(distances).sum())
    return {"n_atoms": len(atoms), "n_masses": n_masses, "n_distances": n_distances, **verdict(found)}


def _masses(atoms: Any) -> tuple[int, list[Finding]]:
    """Compare the masses with those of the elements that the topology names; returns how many, and what is wrong."""
    if not (hasattr(atoms, "elements") and hasattr(atoms, "masses")):
        return 0, []
    expected = np.array([standard_masses.get(str(element).capitalize(), np.nan) for element in atoms.elements])
    is_hydrogen = np.abs(expected - standard_masses["H"]) < MASS_TOLERANCE
    highest = np.where(is_hydrogen, HEAVY_HYDROGEN, expected + MASS_TOLERANCE)
    gain = np.clip(atoms.masses - expected, 0.0, None) * is_hydrogen
    lowest = expected - MASS_TOLERANCE - _sum_of_partners(atoms, gain)
    found: list[Finding] = []
    for bounds, outside in ((highest, atoms.masses > highest), (lowest, atoms.masses < lowest)):
        for atom in np.flatnonzero(outside):
            value, limit = float(atoms.masses[atom]), float(bounds[atom])
            found.append((f"the mass is not that of {atoms.elements[atom]}", -1, int(atom), value, limit, "dalton"))
    return int(np.isfinite(expected).sum()), found


def _sum_of_partners(atoms: Any, values: np.ndarray) -> np.ndarray:
    """Return for each atom the sum of the values (atom,) of those that it is bonded to."""
    if not hasattr(atoms.universe, "bonds"):
        return np.zeros(len(atoms))
    one, other = np.asarray(atoms.universe.bonds.indices).reshape(-1, 2).T
    sums: np.ndarray = np.bincount(one, values[other], len(atoms)) + np.bincount(other, values[one], len(atoms))
    return sums


def _to_own_atoms(atoms: Any, positions: np.ndarray, cell: np.ndarray | None) -> np.ndarray:
    """Return the distance (atom,) to the nearest bonded atom, else to the nearest of the residue; NaN without any."""
    lattice = None if cell is None else triclinic_vectors(cell, dtype=np.float64)
    nearest = np.full(len(atoms), np.inf)
    if hasattr(atoms.universe, "bonds"):
        one, other = np.asarray(atoms.universe.bonds.indices).reshape(-1, 2).T
        lengths = np.linalg.norm(shortest(positions[one] - positions[other], lattice), axis=1)
        lengths[np.isnan(lengths)] = np.inf
        np.minimum.at(nearest, one, lengths)
        np.minimum.at(nearest, other, lengths)
    _, first, of_residue, sizes = np.unique(
        atoms.resindices, return_index=True, return_inverse=True, return_counts=True
    )
    inside = (sizes > 1) & (sizes <= RESIDUE_LIMIT)
    usable = inside[of_residue] & np.isfinite(positions).all(axis=1)
    alone = np.flatnonzero(usable & np.isinf(nearest))
    if len(alone):
        away = shortest(positions - positions[first][of_residue], lattice)
        places = np.column_stack([away, APART * of_residue])
        nearest[alone] = cKDTree(places[usable]).query(places[alone], k=2)[0][:, 1]
    return np.where(np.isfinite(nearest), nearest, np.nan)


def shortest(ways: np.ndarray, lattice: np.ndarray | None) -> np.ndarray:
    """Return ways (way, xyz) less the lattice vectors (vector, xyz) that they are nearest to."""
    if lattice is None or not np.abs(np.linalg.det(lattice)) > 0.0:
        return ways
    left: np.ndarray = ways - np.rint(ways @ np.linalg.inv(lattice)) @ lattice
    return left


def _is_hydrogen(atoms: Any) -> np.ndarray:
    """Return which atoms (atom,) are hydrogens: by element, else by name, else by mass."""
    if hasattr(atoms, "elements") and any(atoms.elements):
        return np.asarray(atoms.elements == "H")
    if hasattr(atoms, "names"):
        guess = DefaultGuesser(None).guess_atom_element
        names, of_name = np.unique(atoms.names.astype(str), return_inverse=True)
        return np.array([guess(name) == "H" for name in names])[of_name]
    masses = atoms.masses if hasattr(atoms, "masses") else np.zeros(len(atoms))
    return np.asarray(np.abs(masses - standard_masses["H"]) < MASS_TOLERANCE)


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
