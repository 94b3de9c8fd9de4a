"""Guest: the share of the contacts of a reference frame that is there in each frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import calc_bonds, capped_distance, self_capped_distance


class ArgumentError(Exception):
    """The reference has no contacts, or the cutoff does not fit into its cell."""


def native_contacts(
    universe: Any,
    frames: Any,
    *,
    select_a: str,
    select_b: str | None,
    ref_frame: int,
    cutoff: float,
    criterion: str,
    steepness: float,
    tolerance: float,
    separation: int,
    periodic: bool,
) -> dict[str, Any]:
    """Find the contacts of the reference and follow them.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select_a, select_b
        The groups; None for the second means the first one with itself.
    ref_frame
        Index of the reference in the file.
    cutoff
        Largest distance of a contact in the reference, angstrom.
    criterion
        `hard`, `soft` or `radius`.
    steepness, tolerance
        Beta in 1/angstrom and lambda of the soft criterion.
    separation
        Least number of residues from one atom's to the other's along a segment.
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        `fraction`: (frame,) float64; the native pairs and their distances in the reference beside it.
    """
    first = universe.select_atoms(select_a)
    second = first if select_b is None else universe.select_atoms(select_b)
    atoms = first | second
    reference = frames.positions_at(ref_frame, atoms, finite=True).astype(np.float32)
    box = universe.trajectory.ts.dimensions if periodic else None
    try:
        pairs = _native_pairs(atoms, first, second, reference, cutoff, separation, box)
    except ValueError as error:  # the search in a grid of many atoms wants a cell of twice the cutoff
        raise ArgumentError(f"cutoff={cutoff:g}: {error}; give a smaller one, or periodic=False") from error
    if not len(pairs):
        raise ArgumentError(f"frame {ref_frame} has no contact within {cutoff:g} angstrom; give a larger cutoff=")
    native = _distances(reference, pairs, box)
    fractions = []
    for block in frames.blocks(atoms, finite=True):
        boxes = block.boxes if periodic and block.boxes is not None else [None] * len(block.frames)
        for positions, box in zip(block.positions, boxes, strict=True):
            distances = _distances(positions, pairs, box)
            if criterion == "soft":
                excess = np.clip(steepness * (distances - tolerance * native), -700.0, 700.0)  # beyond, exp overflows
                fractions.append(np.mean(1.0 / (1.0 + np.exp(excess))))
            else:
                fractions.append(np.mean(distances <= (cutoff if criterion == "radius" else native)))
    return {
        "fraction": fractions,
        "native_a": atoms.ix[pairs[:, 0]],
        "native_b": atoms.ix[pairs[:, 1]],
        "native_distances": native,
    }


def _distances(positions: np.ndarray, pairs: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """Return the distance of each pair, always by the same operations: equal positions are then equally far apart."""
    distances: np.ndarray = calc_bonds(positions[pairs[:, 0]], positions[pairs[:, 1]], box=box)
    return distances


def _native_pairs(
    atoms: Any,
    first: Any,
    second: Any,
    reference: np.ndarray,
    cutoff: float,
    separation: int,
    box: np.ndarray | None,
) -> np.ndarray:
    """Return pairs (pair, 2) of indices into the atoms, each once and sorted."""
    in_first, in_second = (np.searchsorted(atoms.ix, group.ix) for group in (first, second))
    if np.array_equal(in_first, in_second):
        pairs = in_first[self_capped_distance(reference[in_first], cutoff, box=box, return_distances=False)]
    else:
        found = capped_distance(reference[in_first], reference[in_second], cutoff, box=box, return_distances=False)
        pairs = np.stack([in_first[found[:, 0]], in_second[found[:, 1]]], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    residues, segments = atoms.resindices[pairs], atoms.segindices[pairs]
    near = (np.abs(np.diff(residues, axis=1)) < separation) & (np.diff(segments, axis=1) == 0)
    return pairs[~near[:, 0] & (pairs[:, 0] != pairs[:, 1])]
