"""Guest: the radial distribution function of two groups of atoms."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

SAME_PLACE = 1e-6  # angstrom: an atom and itself, after rounding


class ArgumentError(Exception):
    """The cell is too small, missing, or nothing is left to count."""


def rdf(
    universe: Any, frames: Any, *, select_a: str, select_b: str | None, r_max: float, n_bins: int, exclude_same: str
) -> dict[str, Any]:
    """Count the distances from each atom of the first group to each of the second, in one part of the frames.

    Parameters
    ----------
    universe
        Trajectory with a periodic cell.
    frames
        Frames to average over.
    select_a, select_b
        The groups; None for the second means the first one with itself.
    r_max
        Largest distance, angstrom.
    n_bins
        Number of bins from 0 to `r_max`.
    exclude_same
        `none`, `residue` or `segment`: pairs inside the same one do not count.

    Returns
    -------
    dict
        `counts`: (bin,) int64; what they are normalised by beside them, as `combine` takes it.
    """
    first = universe.select_atoms(select_a)
    second = first if select_b is None else universe.select_atoms(select_b)
    atoms = first | second
    in_first, in_second = (np.searchsorted(atoms.ix, group.ix) for group in (first, second))
    group_of = {"none": atoms.ix, "residue": atoms.resindices, "segment": atoms.segindices}[exclude_same]
    n_pairs = _pairs_in_all(group_of[in_first], group_of[in_second])
    if not n_pairs:
        raise ArgumentError("no pair is left to count; select other groups, or call with exclude_same='none'")
    edges = np.linspace(0.0, r_max, n_bins + 1)
    counts, volume = np.zeros(n_bins, np.int64), 0.0
    for block in frames.blocks(atoms, finite=True):
        if block.boxes is None:
            raise ArgumentError(
                "a radial distribution is normalised by the volume of the cell, and these frames have none"
            )
        lattices = block.lattices
        _check_range(r_max, lattices, block.frames)
        volume += float(np.linalg.det(lattices).sum())
        for positions, lattice in zip(block.positions.astype(np.float64), lattices, strict=True):
            images, source = images_around(positions[in_second], lattice, r_max)
            here = images_around(positions[in_first], lattice, 0.0)[0]
            counts += pairs_in_shells(here, images, edges)
            if exclude_same != "none":
                for one, other in _sharing(group_of[in_first], group_of[in_second][source]):
                    counts -= pairs_in_shells(here[one], images[other], edges)
    return {"n": len(frames), "volume": volume, "counts": counts, "n_pairs": n_pairs, "n_first": len(first)}


def combine(universe: Any, parts: list[dict[str, Any]], *, r_max: float, n_bins: int, **_: Any) -> dict[str, Any]:
    """Add up the counts of all parts, and divide by those of an ideal gas."""
    n_frames, n_pairs = sum(int(part["n"]) for part in parts), int(parts[0]["n_pairs"])
    counts = sum(part["counts"] for part in parts)
    volume = float(sum(part["volume"] for part in parts)) / n_frames
    edges = np.linspace(0.0, r_max, n_bins + 1)
    shells = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    per_frame = counts / n_frames
    return {
        "r": (edges[1:] + edges[:-1]) / 2.0,
        "edges": edges,
        "counts": counts,
        "rdf": per_frame * volume / (n_pairs * shells),
        "coordination": np.cumsum(per_frame) / int(parts[0]["n_first"]),
        "n_pairs": n_pairs,
        "mean_volume": volume,
    }


def _pairs_in_all(first: np.ndarray, second: np.ndarray) -> int:
    """Return the number of pairs of one atom of each group that count: those that do not share their label."""
    labels, counts_first = np.unique(first, return_counts=True)
    found, counts_second = np.unique(second, return_counts=True)
    _, here, there = np.intersect1d(labels, found, assume_unique=True, return_indices=True)
    return len(first) * len(second) - int(counts_first[here] @ counts_second[there])


def images_around(positions: np.ndarray, lattice: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return all images of atoms that lie in the cell or within a margin around it.

    Parameters
    ----------
    positions
        (atom, xyz) float64, angstrom.
    lattice
        (vector, xyz), angstrom.
    margin
        At most a height of the cell, angstrom. 0 gives each atom once, in their order.

    Returns
    -------
    tuple of numpy.ndarray
        (image, xyz), angstrom, and (image,) the atom that it is an image of.
    """
    to_fractions = np.linalg.inv(lattice)
    fractions = positions @ to_fractions
    fractions -= np.floor(fractions)
    if not margin:
        return fractions @ lattice, np.arange(len(positions))
    reach = margin * np.linalg.norm(to_fractions, axis=0)
    shifted = [fractions + shift for shift in itertools.product((0.0, -1.0, 1.0), repeat=3)]
    near = [((each >= -reach) & (each <= 1.0 + reach)).all(axis=1) for each in shifted]
    images = np.concatenate([each[inside] for each, inside in zip(shifted, near, strict=True)])
    return images @ lattice, np.concatenate([np.flatnonzero(inside) for inside in near])


def pairs_in_shells(first: np.ndarray, second: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the number of pairs (bin,) of points of two sets whose distance is in a bin, its lower edge included."""
    radii = np.append(SAME_PLACE, np.nextafter(edges[1:], 0.0))
    counts: np.ndarray = np.diff(cKDTree(first).count_neighbors(cKDTree(second), radii))
    return counts


def _sharing(first: np.ndarray, second: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each label that both have the places where the one and the other has it."""
    parts = []
    for labels in (first, second):
        order = np.argsort(labels, kind="stable")
        found, starts = np.unique(labels[order], return_index=True)
        parts.append(dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True)))
    return [(places, parts[1][label]) for label, places in parts[0].items() if label in parts[1]]


def _check_range(r_max: float, lattices: np.ndarray, indices: np.ndarray) -> None:
    """Raise where a sphere is wider than the cell: it would count an atom and its image."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattices), axis=1)
    least = heights.min(axis=1)
    if (r_max > least / 2.0).any():
        frame = int(indices[np.argmin(least)])
        raise ArgumentError(
            f"r_max={r_max:g} is more than half of the cell's smallest height, {least.min():.5g} angstrom in frame "
            f"{frame}; give at most {np.floor(least.min() * 5.0) / 10.0:g}"
        )
