"""Guest: the surface of atoms that a solvent reaches."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.guesser.tables import masses as MASSES  # noqa: N812 - it is a constant
from MDAnalysis.lib.distances import self_capped_distance

# Van der Waals radii in angstrom, of A. Bondi (1964); all others count as 2.0.
RADII = {
    "H": 1.20, "HE": 1.40, "LI": 1.82, "C": 1.70, "N": 1.55, "O": 1.52, "F": 1.47, "NE": 1.54, "NA": 2.27, "MG": 1.73,
    "SI": 2.10, "P": 1.80, "S": 1.80, "CL": 1.75, "AR": 1.88, "K": 2.75, "NI": 1.63, "CU": 1.40, "ZN": 1.39, "AS": 1.85,
    "SE": 1.90, "BR": 1.85, "KR": 2.02, "AG": 1.72, "CD": 1.58, "I": 1.98, "XE": 2.16, "PT": 1.75, "AU": 1.66,
    "HG": 1.55,
}  # fmt: skip
OTHER_RADIUS = 2.00
HIDING_MOST = 12  # neighbours that are asked first; few points are left after them


def sasa(universe: Any, frames: Any, *, select: str, probe_radius: float, n_points: int, whole: bool) -> dict[str, Any]:
    """Measure the surface on which the centre of a sphere that touches the atoms can be (Shrake and Rupley 1973).

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select
        Atoms that are measured and that hide each other.
    probe_radius
        Radius of the sphere, angstrom.
    n_points
        Points on each atom's surface.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `sasa`: (frame,) and `residue_sasa`: (frame, residue), float64, angstrom**2; names of the residues.
    """
    atoms = universe.select_atoms(select)
    elements = _elements(atoms)
    atoms, elements = atoms[elements != "DUMMY"], elements[elements != "DUMMY"]
    radii = np.array([RADII.get(element, OTHER_RADIUS) for element in elements]) + probe_radius
    points = points_on_a_sphere(n_points)
    residues, of_atom = np.unique(atoms.resindices, return_inverse=True)
    rows = []
    for block in frames.blocks(atoms, whole=whole, finite=True):
        for positions in block.positions:
            free = free_shares(positions, radii, points)
            rows.append(np.bincount(of_atom, 4.0 * np.pi * radii**2 * free, len(residues)))
    by_residue = np.array(rows)
    chosen = universe.residues[residues]
    return {
        "sasa": by_residue.sum(axis=1),
        "residue_sasa": by_residue,
        "resids": chosen.resids,
        "resnames": [str(name) for name in chosen.resnames] if hasattr(chosen, "resnames") else None,
        "segids": [str(name) for name in chosen.segids],
    }


def free_shares(positions: np.ndarray, radii: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the share of each atom's sphere that lies inside of no other one.

    A point p of the unit sphere around atom i lies inside of atom j beyond the circle in which the spheres meet:
    p . u > (d**2 + r_i**2 - r_j**2) / (2 d r_i), with the unit vector u and the distance d from i to j.

    Parameters
    ----------
    positions
        (atom, xyz) float32, angstrom.
    radii
        (atom,) of the spheres, angstrom.
    points
        (point, xyz) on the unit sphere.

    Returns
    -------
    numpy.ndarray
        (atom,) from 0 to 1.
    """
    near = self_capped_distance(positions, 2.0 * radii.max(), return_distances=False)
    one, other = np.concatenate([near, near[:, ::-1]]).T
    vectors = positions[other].astype(np.float64) - positions[one]
    distances = np.linalg.norm(vectors, axis=1)
    meets = (distances < radii[one] + radii[other]) & (distances > 0.0)
    one, other, vectors, distances = one[meets], other[meets], vectors[meets], distances[meets]
    limits = (distances**2 + radii[one] ** 2 - radii[other] ** 2) / (2.0 * distances * radii[one])
    order = np.lexsort((limits, one))
    directions, limits = (vectors / distances[:, None])[order], limits[order]
    borders = np.searchsorted(one[order], np.arange(len(positions) + 1))
    free = np.empty(len(positions))
    for atom, (first, last) in enumerate(itertools.pairwise(borders)):
        most = min(first + HIDING_MOST, last)
        left = points[(points @ directions[first:most].T <= limits[first:most]).all(axis=1)]
        free[atom] = np.count_nonzero((left @ directions[most:last].T <= limits[most:last]).all(axis=1))
    return free / len(points)


def points_on_a_sphere(count: int) -> np.ndarray:
    """Return evenly spaced points (point, xyz) on the unit sphere: a spiral that turns by the golden angle."""
    steps = np.arange(count)
    height = (2.0 * steps + 1.0) / count - 1.0
    turn = steps * np.pi * (3.0 - np.sqrt(5.0))
    width = np.sqrt(1.0 - height**2)
    return np.stack([np.cos(turn) * width, height, np.sin(turn) * width], axis=1)


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
