"""Guest: the mean distance of each pair of atoms over the frames, and how much it varies."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import self_distance_array

ATOMS_LIMIT = 2_000  # two matrices of 32 MB


class ArgumentError(Exception):
    """There are too few or too many atoms for a matrix."""


def distance_matrix(universe: Any, frames: Any, *, select: str, periodic: bool) -> dict[str, Any]:
    """Average the distances of one part of the frames.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to average over.
    select
        Atoms to measure.
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        Of each pair the mean and the sum of squares about it, as `combine` takes them.
    """
    atoms = universe.select_atoms(select)
    if not 2 <= len(atoms) <= ATOMS_LIMIT:
        raise ArgumentError(f"select={select!r} finds {len(atoms)} atoms; a matrix takes 2 to {ATOMS_LIMIT}")
    first, shift, squares = None, 0.0, 0.0
    for block in frames.blocks(atoms):
        boxes = block.reduced_boxes if periodic and block.boxes is not None else [None] * len(block.frames)
        for positions, box in zip(block.positions, boxes, strict=True):
            distances = self_distance_array(positions, box=box)
            # Sums of differences from the first frame: nothing cancels where distances hardly vary.
            first = distances if first is None else first
            shift += distances - first
            squares += (distances - first) ** 2
    return {
        "n": len(frames),
        "pair_means": first + shift / len(frames),
        "pair_squares": np.maximum(squares - shift**2 / len(frames), 0.0),
    }


def combine(universe: Any, parts: list[dict[str, Any]], *, select: str, periodic: bool) -> dict[str, Any]:
    """Make matrices out of the means and squares of all parts (Chan, Golub and LeVeque 1983)."""
    atoms = universe.select_atoms(select)
    count, means, squares = 0, 0.0, 0.0
    for part in parts:
        n, difference = int(part["n"]), part["pair_means"] - means
        total = count + n
        squares = squares + part["pair_squares"] + difference**2 * (count * n / total)
        means = means + difference * (n / total)
        count = total
    return {
        "mean": _square(means, len(atoms)),
        "deviation": _square(np.sqrt(squares / count), len(atoms)),
        "atom_indices": atoms.ix,
        "atom_names": [str(name) for name in atoms.names] if hasattr(atoms, "names") else None,
        "resids": atoms.resids,
        "resnames": [str(name) for name in atoms.resnames] if hasattr(atoms, "resnames") else None,
    }


def _square(values: np.ndarray, n_atoms: int) -> np.ndarray:
    """Return the symmetric matrix (atom, other_atom) of values of pairs, with zeros on its diagonal."""
    matrix = np.zeros((n_atoms, n_atoms))
    matrix[np.triu_indices(n_atoms, 1)] = values
    return matrix + matrix.T
