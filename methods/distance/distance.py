"""Guest: the distance between the centres of two groups of atoms in each frame."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

NEIGHBOURS = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))  # (27, vector) multiples of the lattice


class ArgumentError(Exception):
    """The atoms that the arguments name have no masses."""


def distance(
    universe: Any, frames: Any, *, select_a: str, select_b: str, center: str, periodic: bool, whole: bool
) -> dict[str, np.ndarray]:
    """Measure from centre to centre.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select_a, select_b
        The groups; they may share atoms.
    center
        `mass` or `geometry`.
    periodic
        Whether the nearest image counts.
    whole
        Whether molecules are made whole before the centres are taken.

    Returns
    -------
    dict
        `distance`: (frame,) float64, angstrom.
    """
    first, second = universe.select_atoms(select_a), universe.select_atoms(select_b)
    both = first | second
    weights_a, weights_b = _weights(both, first, center, "select_a"), _weights(both, second, center, "select_b")
    parts = []
    for block in frames.blocks(both, whole=whole):
        positions = block.positions.astype(np.float64)
        vectors = (weights_b - weights_a) @ positions
        if periodic:
            vectors = nearest_images(vectors, block.reduced_lattices)
        parts.append(np.sqrt(np.einsum("fx,fx->f", vectors, vectors)))
    return {"distance": np.concatenate(parts)}


def nearest_images(vectors: np.ndarray, lattices: np.ndarray) -> np.ndarray:
    """Return the shortest of all periodic images of each vector.

    Parameters
    ----------
    vectors
        (frame, xyz)
    lattices
        (frame, vector, xyz); reduced: not checked.

    Returns
    -------
    numpy.ndarray
        (frame, xyz)
    """
    fractions = np.einsum("fx,fxv->fv", vectors, np.linalg.inv(lattices))
    near = fractions - np.rint(fractions)
    # In a triclinic cell the nearest image may be a neighbour of the one with the smallest fractions.
    images = np.einsum("fnv,fvx->fnx", near[:, None, :] + NEIGHBOURS, lattices)
    shortest = np.argmin(np.einsum("fnx,fnx->fn", images, images), axis=1)
    return images[np.arange(len(images)), shortest]


def _weights(both: Any, group: Any, center: str, name: str) -> np.ndarray:
    """Return weights (atom,) over the atoms of both groups that give the centre of one."""
    weights = group.masses if center == "mass" and len(group) > 1 else np.ones(len(group))
    if not weights.sum() > 0.0:
        raise ArgumentError(f"the {len(group)} atoms of {name} have no masses here; call again with center='geometry'")
    placed = np.zeros(len(both))
    placed[np.searchsorted(both.ix, group.ix)] = weights / weights.sum()
    return placed
