"""Guest: hydrogen bonds by distance and angle, in each frame, and how often each one is there."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.lib.distances import capped_distance

LONGEST_COVALENT_BOND = 1.3  # angstrom, of a hydrogen, where the topology lists no bonds


class ArgumentError(Exception):
    """There is nothing that could be bonded."""


def hydrogen_bonds(
    universe: Any,
    frames: Any,
    *,
    select: str,
    other: str | None,
    distance: float,
    angle: float,
    angle_kind: str,
    min_occupancy: float,
    periodic: bool,
) -> dict[str, Any]:
    """Find triples of donor, hydrogen and acceptor.

    Parameters
    ----------
    universe
        Trajectory with the atoms, hydrogens included.
    frames
        Frames to search.
    select
        Atoms that donate and accept.
    other
        Count only bonds between `select` and these, either way round; None counts those within `select`.
    distance
        Largest distance from donor to acceptor, angstrom.
    angle
        Least D-H-A or largest H-D-A angle, degree.
    angle_kind
        `D-H-A` or `H-D-A`.
    min_occupancy
        Bonds that are there in a smaller share of the frames are left out of the table.
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        `n_hydrogen_bonds`: (frame,) int64; a table of the bonds with the share of frames.
    """
    group = universe.select_atoms(select)
    partner = group if other is None else universe.select_atoms(other)
    atoms = group | partner
    elements = _elements(atoms)
    acceptors = np.flatnonzero(np.isin(elements, ["N", "O"]))
    pairs = _donors(universe, atoms, elements, acceptors, frames)
    if not len(pairs):
        raise ArgumentError(
            f"select={select!r} has no hydrogen on nitrogen or oxygen; use a topology that has the hydrogens"
        )
    sides = np.stack([np.isin(atoms.ix, group.ix), np.isin(atoms.ix, partner.ix)])
    n_found, found = [], []
    for block in frames.blocks(atoms):
        cells = block.boxes if periodic else None
        lattices = [None] * len(block.frames) if cells is None else block.lattices
        for row, (positions, lattice) in enumerate(zip(block.positions, lattices, strict=True)):
            box = None if cells is None else cells[row]
            triples, lengths = _near(positions, pairs, acceptors, sides, distance, box)
            angles = angles_of(positions.astype(np.float64)[triples], angle_kind, lattice)
            bonded = angles >= angle if angle_kind == "D-H-A" else angles <= angle
            n_found.append(np.count_nonzero(bonded))
            found.append((triples[bonded], lengths[bonded], angles[bonded]))
    return {
        "n_hydrogen_bonds": n_found,
        **_table(atoms, *map(np.concatenate, zip(*found, strict=True)), len(frames), min_occupancy),
    }


def angles_of(corners: np.ndarray, angle_kind: str, lattice: np.ndarray | None) -> np.ndarray:
    """Return the angle at the hydrogen, or at the donor, of each triple.

    Parameters
    ----------
    corners
        (triple, corner, xyz) float64, angstrom: donor, hydrogen, acceptor.
    angle_kind
        `D-H-A` or `H-D-A`.
    lattice
        (vector, xyz); None: no images.

    Returns
    -------
    numpy.ndarray
        (triple,) degree.
    """
    donor, hydrogen, acceptor = np.moveaxis(corners, 1, 0)
    vertex, one = (hydrogen, donor) if angle_kind == "D-H-A" else (donor, hydrogen)
    arms = np.stack([one - vertex, acceptor - vertex])
    if lattice is not None:
        arms -= np.rint(arms @ np.linalg.inv(lattice)) @ lattice  # short vectors: rounding finds the nearest image
    sines = np.linalg.norm(np.cross(arms[0], arms[1]), axis=1)
    return np.degrees(np.arctan2(sines, np.einsum("tx,tx->t", arms[0], arms[1])))


def _near(
    positions: np.ndarray,
    pairs: np.ndarray,
    acceptors: np.ndarray,
    sides: np.ndarray,
    distance: float,
    box: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return triples (triple, 3) with donor and acceptor near enough and on both sides, and their distances."""
    found, lengths = capped_distance(positions[pairs[:, 0]], positions[acceptors], distance, box=box)
    triples = np.column_stack([pairs[found[:, 0]], acceptors[found[:, 1]]])
    (donor_here, donor_there), (acceptor_here, acceptor_there) = sides[:, triples[:, 0]], sides[:, triples[:, 2]]
    across = (donor_here & acceptor_there) | (donor_there & acceptor_here)
    kept = across & (triples[:, 0] != triples[:, 2])
    return triples[kept], lengths[kept]


def _donors(universe: Any, atoms: Any, elements: np.ndarray, heavy: np.ndarray, frames: Any) -> np.ndarray:
    """Return pairs (pair, 2) of a nitrogen or oxygen and a hydrogen on it, as indices into the atoms."""
    hydrogens = np.flatnonzero(elements == "H")
    if hasattr(universe, "bonds") and 2 * len(universe.bonds) >= len(universe.atoms):
        bonds = np.asarray(universe.bonds.indices)
        bonds = np.concatenate([bonds, bonds[:, ::-1]])
        bonds = bonds[np.isin(bonds[:, 0], atoms.ix[heavy]) & np.isin(bonds[:, 1], atoms.ix[hydrogens])]
        return np.searchsorted(atoms.ix, bonds[np.argsort(bonds[:, 1])])
    positions = frames.positions_at(int(frames.indices[0]), atoms).astype(np.float32)
    box = universe.trajectory.ts.dimensions
    found, lengths = capped_distance(positions[hydrogens], positions[heavy], LONGEST_COVALENT_BOND, box=box)
    found = found[np.lexsort((lengths, found[:, 0]))]
    found = found[np.unique(found[:, 0], return_index=True)[1]]  # a hydrogen belongs to the nearest
    return np.stack([heavy[found[:, 1]], hydrogens[found[:, 0]]], axis=1)


def _elements(atoms: Any) -> np.ndarray:
    """Return the elements (atom,), upper case, guessed from the names of atoms where the topology has none."""
    given = np.char.upper(atoms.elements.astype(str)) if hasattr(atoms, "elements") else np.full(len(atoms), "")
    names = (atoms.names if hasattr(atoms, "names") else atoms.types).astype(str)
    guess = DefaultGuesser(None)
    guessed = {name: guess.guess_atom_element(name).upper() for name in np.unique(names)}
    return np.where(given == "", [guessed[name] for name in names], given)


def _table(
    atoms: Any, triples: np.ndarray, lengths: np.ndarray, angles: np.ndarray, n_frames: int, min_occupancy: float
) -> dict[str, Any]:
    """Return the bonds that were found, each once, those that are there most often first."""
    bonds, of_triple, counts = np.unique(triples, axis=0, return_inverse=True, return_counts=True)
    of_triple = of_triple.reshape(-1)
    kept = np.flatnonzero(counts >= min_occupancy * n_frames)
    kept = kept[np.argsort(-counts[kept], kind="stable")]
    names = [f"{atom.resname}{atom.resid}-{atom.name}" for atom in atoms[np.unique(bonds[kept])]]
    label = dict(zip(np.unique(bonds[kept]).tolist(), names, strict=True))
    return {
        "donors": atoms.ix[bonds[kept, 0]],
        "hydrogens": atoms.ix[bonds[kept, 1]],
        "acceptors": atoms.ix[bonds[kept, 2]],
        "labels": [f"{label[d]} {label[h].split('-', 1)[1]} {label[a]}" for d, h, a in bonds[kept].tolist()],
        "occupancy": counts[kept] / n_frames,
        "mean_distance": np.bincount(of_triple, lengths, len(bonds))[kept] / counts[kept],
        "mean_angle": np.bincount(of_triple, angles, len(bonds))[kept] / counts[kept],
    }
