"""Guest: the dihedral angle of the centres of four groups of atoms in each frame."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

NEIGHBOURS = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))  # (27, vector) multiples of the lattice


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def dihedral(
    universe: Any,
    frames: Any,
    *,
    select_a: str,
    select_b: str,
    select_c: str,
    select_d: str,
    center: str,
    periodic: bool,
    whole: bool,
) -> dict[str, np.ndarray]:
    """Measure the angle between the planes of the first three and the last three centres.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select_a, select_b, select_c, select_d
        The groups; the axis runs from the second to the third.
    center
        `mass` or `geometry`.
    periodic
        Whether the nearest image of each centre to the one before counts.
    whole
        Whether molecules are made whole before the centres are taken.

    Returns
    -------
    dict
        `dihedral`: (frame,) float64, degree, from -180 to 180.
    """
    selects = {"select_a": select_a, "select_b": select_b, "select_c": select_c, "select_d": select_d}
    groups = {name: universe.select_atoms(select) for name, select in selects.items()}
    atoms = groups["select_a"] | groups["select_b"] | groups["select_c"] | groups["select_d"]
    weights = np.array([_weights(atoms, group, center, name) for name, group in groups.items()])
    parts = []
    for block in frames.blocks(atoms, whole=whole):
        steps = np.diff(weights @ block.positions.astype(np.float64), axis=1)
        if periodic:
            steps = nearest_images(steps, block.reduced_lattices)
        parts.append(np.degrees(dihedrals(steps)))
    return {"dihedral": np.concatenate(parts)}


def dihedrals(steps: np.ndarray) -> np.ndarray:
    """Return dihedral angles by the arc tangent, which is exact at 0 and 180 degrees too.

    Parameters
    ----------
    steps
        (frame, step, xyz): the three vectors from each point to the next.

    Returns
    -------
    numpy.ndarray
        (frame,) radian. Looking along the second step, clockwise is positive.
    """
    first, axis, last = np.moveaxis(steps, 1, 0)
    plane_a, plane_b = np.cross(first, axis), np.cross(axis, last)
    sines = np.einsum("fx,fx->f", first, plane_b) * np.linalg.norm(axis, axis=1)
    return np.arctan2(sines, np.einsum("fx,fx->f", plane_a, plane_b))


def nearest_images(vectors: np.ndarray, lattices: np.ndarray) -> np.ndarray:
    """Return the shortest of all periodic images of each vector.

    Parameters
    ----------
    vectors
        (frame, vector, xyz)
    lattices
        (frame, vector, xyz); reduced: not checked.

    Returns
    -------
    numpy.ndarray
        (frame, vector, xyz)
    """
    fractions = vectors @ np.linalg.inv(lattices)
    near = fractions - np.rint(fractions)
    # In a triclinic cell the nearest image may be a neighbour of the one with the smallest fractions.
    images = (near[:, :, None, :] + NEIGHBOURS) @ lattices[:, None]
    shortest = np.argmin(np.einsum("fvnx,fvnx->fvn", images, images), axis=2)
    return np.take_along_axis(images, shortest[:, :, None, None], axis=2)[:, :, 0]


def _weights(atoms: Any, group: Any, center: str, name: str) -> np.ndarray:
    """Return weights (atom,) over all atoms that give the centre of one group."""
    weights = group.masses if center == "mass" and len(group) > 1 else np.ones(len(group))
    if not weights.sum() > 0.0:
        raise ArgumentError(f"the {len(group)} atoms of {name} have no masses here; call again with center='geometry'")
    placed = np.zeros(len(atoms))
    placed[np.searchsorted(atoms.ix, group.ix)] = weights / weights.sum()
    return placed
