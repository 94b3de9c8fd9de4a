"""Guest: the angle between the centres of three groups of atoms in each frame."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

NEIGHBOURS = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))  # (27, vector) multiples of the lattice


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def angle(
    universe: Any,
    frames: Any,
    *,
    select_a: str,
    select_b: str,
    select_c: str,
    center: str,
    periodic: bool,
    whole: bool,
) -> dict[str, np.ndarray]:
    """Measure the angle at the second centre.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select_a, select_b, select_c
        The groups; the second is the vertex. They may share atoms.
    center
        `mass` or `geometry`.
    periodic
        Whether the nearest images of both ends to the vertex count.
    whole
        Whether molecules are made whole before the centres are taken.

    Returns
    -------
    dict
        `angle`: (frame,) float64, degree, from 0 to 180.
    """
    groups = {
        name: universe.select_atoms(select)
        for name, select in (("select_a", select_a), ("select_b", select_b), ("select_c", select_c))
    }
    atoms = groups["select_a"] | groups["select_b"] | groups["select_c"]
    weights = np.array([_weights(atoms, group, center, name) for name, group in groups.items()])
    parts = []
    for block in frames.blocks(atoms, whole=whole):
        centres = weights @ block.positions.astype(np.float64)
        arms = centres[:, [0, 2]] - centres[:, [1]]
        if periodic:
            arms = nearest_images(arms, block.reduced_lattices)
        # atan2 of sine and cosine is exact near 0 and 180 degrees, where the arc cosine loses half of its digits.
        sines = np.linalg.norm(np.cross(arms[:, 0], arms[:, 1]), axis=1)
        parts.append(np.degrees(np.arctan2(sines, np.einsum("fx,fx->f", arms[:, 0], arms[:, 1]))))
    return {"angle": np.concatenate(parts)}


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
