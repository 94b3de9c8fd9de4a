"""Guest: pairs of atoms of two groups that are close to each other, in each frame, and how often their residues are."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import capped_distance, self_capped_distance


class ArgumentError(Exception):
    """The cutoff does not fit into the cell."""


def contacts(
    universe: Any, frames: Any, *, select_a: str, select_b: str | None, cutoff: float, separation: int, periodic: bool
) -> dict[str, Any]:
    """Count close pairs, each once and no atom with itself, in one part of the frames.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to count in.
    select_a, select_b
        The groups; they may share atoms. None for the second means the first one with itself.
    cutoff
        Largest distance of a contact, angstrom.
    separation
        Least number of residues from one atom's to the other's along a segment.
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        `n_contacts`, `n_residue_contacts`: (frame,) int64; residue pairs and how often each was there, for `combine`.
    """
    first = universe.select_atoms(select_a)
    second = first if select_b is None else universe.select_atoms(select_b)
    atoms = first | second
    in_first, in_second = (np.searchsorted(atoms.ix, group.ix) for group in (first, second))
    residue_of, segment_of = atoms.resindices, atoms.segindices
    n_residues = len(universe.residues)
    n_contacts, n_residue_contacts, tables = [], [], []
    for block in frames.blocks(atoms, finite=True):
        residue_pairs = []
        for positions, box in zip(block.positions, _boxes(block, periodic), strict=True):
            try:
                pairs = close_pairs(positions, in_first, in_second, cutoff, box)
            except ValueError as error:  # the search in a grid of many atoms wants a cell of twice the cutoff
                raise ArgumentError(f"cutoff={cutoff:g}: {error}; give a smaller one, or periodic=False") from error
            one, other = residue_of[pairs].T
            near = (np.abs(one - other) < separation) & (np.diff(segment_of[pairs], axis=1)[:, 0] == 0)
            one, other = one[~near], other[~near]
            n_contacts.append(len(one))
            residue_pairs.append(np.unique(np.minimum(one, other) * n_residues + np.maximum(one, other)))
            n_residue_contacts.append(len(residue_pairs[-1]))
        tables.append(np.unique(np.concatenate(residue_pairs), return_counts=True))
    pairs, counts = map(np.concatenate, zip(*tables, strict=True))
    return {"n_contacts": n_contacts, "n_residue_contacts": n_residue_contacts, "pairs": pairs, "counts": counts}


def combine(universe: Any, parts: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
    """String the numbers of all parts together, and make one table of their residue pairs."""
    n_contacts, n_residue_contacts, found, times = (
        np.concatenate([part[name] for part in parts])
        for name in ("n_contacts", "n_residue_contacts", "pairs", "counts")
    )
    pairs, of_pair = np.unique(found, return_inverse=True)
    counts = np.bincount(of_pair, times, len(pairs))
    n_residues = len(universe.residues)
    return {
        "n_contacts": n_contacts,
        "n_residue_contacts": n_residue_contacts,
        "occupancy": counts / len(n_contacts),
        **_named(universe.residues[pairs // n_residues], "a"),
        **_named(universe.residues[pairs % n_residues], "b"),
    }


def close_pairs(
    positions: np.ndarray, first: np.ndarray, second: np.ndarray, cutoff: float, box: np.ndarray | None
) -> np.ndarray:
    """Return the pairs (pair, 2) of one atom of each group within the cutoff, each pair once, no atom with itself.

    Parameters
    ----------
    positions
        (atom, xyz) float32, angstrom.
    first, second
        (some,) int64 indices, sorted.
    cutoff
        Inclusive, angstrom.
    box
        (cell,) float32; None: no images.
    """
    if np.array_equal(first, second):
        pairs = self_capped_distance(positions[first], cutoff, box=box, return_distances=False)
        return first[pairs]
    found = capped_distance(positions[first], positions[second], cutoff, box=box, return_distances=False)
    pairs = np.sort(np.stack([first[found[:, 0]], second[found[:, 1]]], axis=1), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(pairs, axis=0) if len(np.intersect1d(first, second)) else pairs


def _boxes(block: Any, periodic: bool) -> Any:
    """Return the cell of each frame, or None for each."""
    return block.boxes if periodic and block.boxes is not None else [None] * len(block.frames)


def _named(residues: Any, letter: str) -> dict[str, Any]:
    """Return columns that name residues."""
    return {
        f"resids_{letter}": residues.resids,
        f"resnames_{letter}": [str(name) for name in residues.resnames] if hasattr(residues, "resnames") else None,
        f"segids_{letter}": [str(name) for name in residues.segids],
    }
