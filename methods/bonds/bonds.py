"""Guest: whether bonds have the lengths that their elements allow."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import self_capped_distance

FINDINGS_LIMIT = 1_000  # more tell no more
BONDED = 1.2  # times the sum of the radii: nearer atoms are bonded where the topology does not say
MASS_TOLERANCE = 0.1  # dalton

# Covalent radii in angstrom (B. Cordero et al., Dalton Trans. 2008, 2832) and masses in dalton of what is simulated.
RADII_AND_MASSES = {
    "H": (0.31, 1.008), "B": (0.84, 10.81), "C": (0.76, 12.011), "N": (0.71, 14.007), "O": (0.66, 15.999),
    "F": (0.57, 18.998), "Si": (1.11, 28.085), "P": (1.07, 30.974), "S": (1.05, 32.06), "Cl": (1.02, 35.45),
    "Fe": (1.32, 55.845), "Co": (1.26, 58.933), "Ni": (1.24, 58.693), "Cu": (1.32, 63.546), "Zn": (1.22, 65.38),
    "Se": (1.20, 78.971), "Br": (1.20, 79.904), "I": (1.39, 126.904),
}  # fmt: skip

Finding = tuple[str, int, int, float, float, str]  # problem, frame, atom, value, limit, unit


def bonds(universe: Any, frames: Any, *, select: str | None, shortest: float, longest: float) -> dict[str, Any]:
    """Measure all bonds that have an expected length.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to check.
    select
        Atoms whose bonds are found by their distance in the first frame, where the topology lists none for them;
        None: proteins and nucleic acids.
    shortest, longest
        Bounds of the length, as parts of the sum of the covalent radii.

    Returns
    -------
    dict
        `n_bonds`, `n_unknown`; `shortest_ratios`, `longest_ratios` (frame,); the verdict.
    """
    pairs, expected, n_unknown = _known_bonds(universe, frames, select)
    counts = {"n_bonds": len(pairs), "n_unknown": n_unknown}
    if not len(pairs):
        return {**counts, "shortest_ratios": None, "longest_ratios": None, **verdict([])}
    atoms = universe.atoms[np.unique(pairs)]
    one, other = np.searchsorted(atoms.ix, pairs.T)
    lows, highs, n_wrong = [], [], 0
    found: list[Finding] = []
    for block in frames.blocks(atoms):
        ways = block.positions[:, one].astype(np.float64) - block.positions[:, other]
        if block.boxes is not None:
            ways = nearest(ways, block.lattices)
        lengths = np.linalg.norm(ways, axis=2)
        ratios = lengths / expected
        lows.append(ratios.min(axis=1))
        highs.append(ratios.max(axis=1))
        wrong = np.argwhere(~((ratios >= shortest) & (ratios <= longest)))  # NaN is wrong too
        n_wrong += len(wrong)
        for row, bond in wrong[: FINDINGS_LIMIT - len(found)]:
            length, is_short = float(lengths[row, bond]), ratios[row, bond] < shortest
            problem = f"the bond to atom {pairs[bond, 1]} is too {'short' if is_short else 'long'}"
            limit = float(expected[bond] * (shortest if is_short else longest))
            found.append((problem, int(block.frames[row]), int(pairs[bond, 0]), length, limit, "angstrom"))
    ratios_found = {"shortest_ratios": np.concatenate(lows), "longest_ratios": np.concatenate(highs)}
    return {**counts, **ratios_found, **verdict(found, n_wrong - len(found))}


def _known_bonds(universe: Any, frames: Any, select: str | None) -> tuple[np.ndarray, np.ndarray, int]:
    """Return pairs of atoms (bond, 2), their expected lengths (bond,) in angstrom, and how many others there are."""
    radii = radii_of(universe.atoms)
    listed = universe.bonds.indices if hasattr(universe, "bonds") else np.empty((0, 2), np.int64)
    pairs = np.concatenate([listed, _by_distance(universe, frames, select, radii, listed)])
    expected = radii[pairs].sum(axis=1)
    # Unknown elements give NaN. Models of water hold their two hydrogens by a bond that is none.
    is_known = expected > 2 * RADII_AND_MASSES["H"][0]
    return pairs[is_known], expected[is_known], int((~is_known).sum())


def _by_distance(universe: Any, frames: Any, select: str | None, radii: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return the pairs that are near in the first frame, of which one atom at least has no bond in the topology."""
    chosen = (polymers_of(universe) if select is None else universe.select_atoms(select)).ix
    chosen = chosen[np.isfinite(radii[chosen])]
    if np.isin(chosen, listed).all():
        return np.empty((0, 2), np.int64)
    positions = frames.positions_at(int(frames.indices[0]), universe.atoms[chosen])
    cell = universe.trajectory.ts.dimensions
    found, distances = self_capped_distance(positions, 2 * BONDED * radii[chosen].max(), box=cell)
    pairs = chosen[found]
    near = distances <= BONDED * radii[pairs].sum(axis=1)
    if hasattr(universe.atoms, "altLocs"):  # a PDB may list an atom at several places
        places = universe.atoms.altLocs.astype(str)[pairs]
        near &= (places[:, 0] == places[:, 1]) | (places == "").any(axis=1)
    return pairs[near & ~np.isin(pairs, listed).all(axis=1)]


def radii_of(atoms: Any) -> np.ndarray:
    """Return the covalent radii (atom,) in angstrom, by element or else by mass; NaN where neither says it."""
    elements = np.char.capitalize(atoms.elements.astype(str)) if hasattr(atoms, "elements") else np.full(len(atoms), "")
    masses = atoms.masses if hasattr(atoms, "masses") else np.zeros(len(atoms))
    radii = np.full(len(atoms), np.nan)
    for element, (radius, mass) in RADII_AND_MASSES.items():
        radii[(elements == element) | ((elements == "") & (np.abs(masses - mass) < MASS_TOLERANCE))] = radius
    return radii


def nearest(ways: np.ndarray, lattices: np.ndarray) -> np.ndarray:
    """Return ways (frame, atom, xyz) less the lattice vectors (frame, vector, xyz) that they are nearest to.

    Exact for ways within half of the cell's smallest height; a cell without volume takes nothing away.
    """
    usable = np.abs(np.linalg.det(lattices)) > 0.0
    left = ways.copy()
    left[usable] -= np.rint(ways[usable] @ np.linalg.inv(lattices[usable])) @ lattices[usable]
    return left


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
