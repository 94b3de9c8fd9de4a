"""Guest: hydrogen bonds by distance and angle, in each frame, and how often each one is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.guesser.tables import masses as MASSES  # noqa: N812 - it is a constant
from MDAnalysis.lib.distances import capped_distance

TABLE = ("bonds", "counts", "distance_sums", "angle_sums")  # what a part returns of its bonds
LONGEST_COVALENT_BOND = 1.3  # angstrom, of a hydrogen, where the topology lists no bonds


class ArgumentError(Exception):
    """There is nothing that could be bonded, or the distance does not fit into the cell."""


def hydrogen_bonds(
    universe: Any,
    frames: Any,
    *,
    select: str,
    other: str | None,
    distance: float,
    angle: float,
    angle_kind: str,
    periodic: bool,
    **_: Any,
) -> dict[str, Any]:
    """Find triples of donor, hydrogen and acceptor in one part of the frames.

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
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        `n_hydrogen_bonds`: (frame,) int64; bonds and how often each was there, as `combine` takes them.
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
    n_found, tables = [], []
    for block in frames.blocks(atoms, finite=True):
        cells = block.boxes if periodic else None
        lattices = [None] * len(block.frames) if cells is None else block.lattices
        found = []
        for row, (positions, lattice) in enumerate(zip(block.positions, lattices, strict=True)):
            box = None if cells is None else cells[row]
            try:
                triples, lengths = _near(positions, pairs, acceptors, sides, distance, box)
            except ValueError as error:  # the search in a grid of many atoms wants a cell of twice the distance
                raise ArgumentError(f"distance={distance:g}: {error}; give a smaller one, or periodic=False") from error
            angles = angles_of(positions.astype(np.float64)[triples], angle_kind, lattice)
            bonded = angles >= angle if angle_kind == "D-H-A" else angles <= angle
            n_found.append(np.count_nonzero(bonded))
            found.append((atoms.ix[triples[bonded]], np.ones(n_found[-1]), lengths[bonded], angles[bonded]))
        tables.append(merged(found))  # block by block: all bonds of all frames could fill the memory
    return {"n_hydrogen_bonds": n_found} | dict(zip(TABLE, merged(tables), strict=True))


def combine(universe: Any, parts: list[dict[str, Any]], *, min_occupancy: float, **_: Any) -> dict[str, Any]:
    """String the numbers of all parts together, and make one table of their bonds, the most frequent first."""
    n_hydrogen_bonds = np.concatenate([part["n_hydrogen_bonds"] for part in parts])
    bonds, counts, distances, angles = merged([tuple(part[name] for name in TABLE) for part in parts])
    kept = np.flatnonzero(counts >= min_occupancy * len(n_hydrogen_bonds))
    kept = kept[np.argsort(-counts[kept], kind="stable")]
    return {
        "n_hydrogen_bonds": n_hydrogen_bonds,
        "donors": bonds[kept, 0],
        "hydrogens": bonds[kept, 1],
        "acceptors": bonds[kept, 2],
        "labels": _labels(universe, bonds[kept]),
        "occupancy": counts[kept] / len(n_hydrogen_bonds),
        "mean_distance": (distances / counts)[kept],
        "mean_angle": (angles / counts)[kept],
    }


def merged(tables: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, ...]:
    """Return one table of several: each bond (bond, 3) of donor, hydrogen, acceptor once, and its columns added up."""
    bonds, *columns = map(np.concatenate, zip(*tables, strict=True))
    keys = bonds[:, 1] * (1 + bonds.max(initial=0)) + bonds[:, 2]
    _, firsts, of_bond = np.unique(keys, return_index=True, return_inverse=True)
    return bonds[firsts], *(np.bincount(of_bond, column, len(firsts)) for column in columns)


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
    positions = frames.positions_at(0, atoms).astype(np.float32)
    box = universe.trajectory.ts.dimensions
    found, lengths = capped_distance(positions[hydrogens], positions[heavy], LONGEST_COVALENT_BOND, box=box)
    found = found[np.lexsort((lengths, found[:, 0]))]
    found = found[np.unique(found[:, 0], return_index=True)[1]]  # a hydrogen belongs to the nearest
    return np.stack([heavy[found[:, 1]], hydrogens[found[:, 0]]], axis=1)


def _elements(atoms: Any) -> np.ndarray:
    """Return the elements (atom,), upper case, guessed from names or else masses where the topology has none."""
    given = np.char.upper(atoms.elements.astype(str)) if hasattr(atoms, "elements") else np.full(len(atoms), "")
    by_name = hasattr(atoms, "names")
    sources = atoms.names.astype(str) if by_name else atoms.masses
    guess = DefaultGuesser(None).guess_atom_element if by_name else _of_mass
    guessed = {source: guess(source).upper() for source in np.unique(sources)}
    return np.where(given == "", [guessed[source] for source in sources], given)


def _of_mass(mass: float) -> str:
    """Return the element of that mass, in dalton, or an empty text."""
    nearest = min(MASSES, key=lambda element: abs(MASSES[element] - mass))
    return nearest if abs(MASSES[nearest] - mass) < 0.1 else ""


def _labels(universe: Any, bonds: np.ndarray) -> list[str]:
    """Return for each bond (bond, 3) of indices in the file the names of its atoms, or their indices without names."""
    atoms = universe.atoms[np.unique(bonds)]
    if not hasattr(atoms, "names") or not hasattr(atoms, "resnames"):
        return [" ".join(map(str, bond)) for bond in bonds.tolist()]
    name = dict(zip(atoms.ix.tolist(), atoms.names.astype(str), strict=True))
    residue = {atom.ix: f"{atom.resname}{atom.resid}" for atom in atoms}
    return [f"{residue[d]}-{name[d]} {name[h]} {residue[a]}-{name[a]}" for d, h, a in bonds.tolist()]
