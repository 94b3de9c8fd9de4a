"""Guest: the mean square displacement of atoms over time."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

NEIGHBOURS = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))  # (27, vector) multiples of the lattice
COORDINATES_LIMIT_BYTES = 384 << 20  # of all frames at once, in float64
NUMBERS_AT_ONCE = 2_000_000  # of the coordinates whose Fourier transforms are in memory together, 100 MB
UNEVEN = 1e-3  # of a step; times are float32 in many files


class ArgumentError(Exception):
    """Frames are not evenly spaced, or too many for the memory."""


def msd(
    universe: Any,
    frames: Any,
    *,
    select: str,
    axes: str,
    origins: str,
    unwrap: bool,
    remove_drift: bool,
) -> dict[str, Any]:
    """Average the squared way of the atoms over atoms and, if asked, over all beginnings.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to use, evenly spaced and in the order of time.
    select
        Atoms to follow.
    axes
        Out of `xyz`: which parts of the way count.
    origins
        `windowed`: every frame is a beginning; `first`: the first one alone.
    unwrap
        Whether jumps over the cell are taken out.
    remove_drift
        Whether the way of the atoms' centre of mass is taken off.

    Returns
    -------
    dict
        `msd`: (lag,) float64, angstrom**2; `lag_times`: (lag,) float64, ps, NaN if unknown; `n_origins`: (lag,) int64.
    """
    atoms = universe.select_atoms(select)
    n_frames = len(frames)
    if n_frames < 2 or (np.diff(frames.indices, 2) != 0).any() or np.diff(frames.indices)[0] <= 0:
        raise ArgumentError(
            "displacements need two or more frames, evenly spaced and in order; use start=, stop=, step="
        )
    if 24 * n_frames * len(atoms) > COORDINATES_LIMIT_BYTES:
        raise ArgumentError(
            f"{n_frames} frames of {len(atoms)} atoms have more than {COORDINATES_LIMIT_BYTES >> 20} MiB; "
            "use step= or select fewer"
        )
    ways = _ways(atoms, frames, unwrap)
    steps = np.diff(frames.times)
    # MDAnalysis would make up 1 ps a frame; AMBER often writes 0.
    has_times = {"time", "dt"} & set(universe.trajectory.ts.data) and steps[0] > 0.0
    if (np.abs(steps - steps[0]) > UNEVEN * abs(steps[0])).any():
        raise ArgumentError("the times in the file are not evenly spaced; choose a range of frames where they are")
    if remove_drift:
        ways -= (_weights(atoms) @ ways)[:, None, :]
    if axes != "xyz":
        ways = ways[:, :, ["xyz".index(axis) for axis in axes]]
    n_origins = np.arange(n_frames, 0, -1) if origins == "windowed" else np.ones(n_frames, np.int64)
    if origins == "windowed":
        at_once = max(1, NUMBERS_AT_ONCE // (3 * n_frames))
        squares = sum(windowed_squares(ways[:, first : first + at_once]) for first in range(0, len(atoms), at_once))
    else:
        squares = np.einsum("fax,fax->f", ways - ways[0], ways - ways[0])
    return {
        "lag_times": frames.times - frames.times[0] if has_times else np.full(n_frames, np.nan),
        "msd": np.maximum(squares, 0.0) / len(atoms),
        "n_origins": n_origins,
    }


def windowed_squares(ways: np.ndarray) -> np.ndarray:
    """Return for each lag the mean over beginnings of the squared displacements, added up over atoms.

    By the Fourier transform, as in V. Calandrini et al., Collection SFN 12, 201 (2011).

    Parameters
    ----------
    ways
        (frame, atom, xyz)

    Returns
    -------
    numpy.ndarray
        (lag,)
    """
    n_frames = len(ways)
    ways = ways - ways.mean(axis=0)  # the same displacements of smaller numbers
    padded = np.fft.rfft(ways, 2 * n_frames, axis=0)
    products = np.fft.irfft(np.einsum("fax,fax->f", padded, padded.conj()).real, 2 * n_frames)[:n_frames]
    squares = np.einsum("fax,fax->f", ways, ways)
    # The beginnings of a lag are all frames but the last ones, the ends all but the first ones.
    total = 2.0 * squares.sum() - np.cumsum(np.append(0.0, squares[:-1])) - np.cumsum(np.append(0.0, squares[:0:-1]))
    return (total - 2.0 * products) / np.arange(n_frames, 0, -1)


def shortest(steps: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Return the shortest of all images of each step.

    Parameters
    ----------
    steps
        (atom, xyz)
    lattice
        (vector, xyz); reduced, as simulation programs keep their cells: not checked.

    Returns
    -------
    numpy.ndarray
        (atom, xyz)
    """
    to_fractions = np.linalg.inv(lattice)
    near = steps - np.rint(steps @ to_fractions) @ lattice
    # Within half of the smallest height rounding finds the shortest; beyond, a neighbour may be shorter.
    limit = 0.5 / np.linalg.norm(to_fractions, axis=0).max()
    beyond = np.flatnonzero(np.einsum("ax,ax->a", near, near) > limit**2)
    images = near[beyond, None] + NEIGHBOURS @ lattice
    nearest = np.argmin(np.einsum("anx,anx->an", images, images), axis=1)
    near[beyond] = images[np.arange(len(beyond)), nearest]
    return near


def _ways(atoms: Any, frames: Any, unwrap: bool) -> np.ndarray:
    """Return where the atoms are (frame, atom, xyz), float64, from where they began, without jumps over the cell."""
    ways = np.empty((len(frames), len(atoms), 3))
    row, last = 0, None
    for block in frames.blocks(atoms):
        positions = block.positions.astype(np.float64)
        steps = np.diff(positions if last is None else np.concatenate([last, positions]), axis=0)
        if unwrap and block.boxes is not None and len(steps):  # a first frame alone in its block ends no step
            lattices = block.lattices[-len(steps) :]
            steps = np.array([shortest(each, lattice) for each, lattice in zip(steps, lattices, strict=True)])
        if last is None:
            ways[0] = 0.0
            row = 1
        ways[row : row + len(steps)] = ways[row - 1] + np.cumsum(steps, axis=0)
        row, last = row + len(steps), positions[-1:]
    return ways


def _weights(atoms: Any) -> np.ndarray:
    """Return masses (atom,) as weights that add up to 1."""
    masses: np.ndarray = atoms.masses
    if not masses.sum() > 0.0:
        raise ArgumentError("the selected atoms have no masses; call again with remove_drift=False")
    return masses / masses.sum()
