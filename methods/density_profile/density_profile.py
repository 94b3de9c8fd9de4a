"""Guest: the density of mass, number and charge in slabs of the cell."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The frames have no cell."""


def density_profile(
    universe: Any, frames: Any, *, select: str, axis: str, n_bins: int, center: str | None
) -> dict[str, Any]:
    """Average the density in each slab over the frames.

    Parameters
    ----------
    universe
        Trajectory with a periodic cell.
    frames
        Frames to average over.
    select
        Atoms that count.
    axis
        `x`, `y` or `z`: the lattice vector a, b or c, along which the cell is cut.
    n_bins
        Number of slabs.
    center
        Atoms whose centre comes to 0 in each frame; None leaves the profile from one face of the cell to the other.

    Returns
    -------
    dict
        `position`, `mass_density`, `number_density`, `charge_density`: (bin,) float64.
    """
    counted = universe.select_atoms(select)
    fixed = None if center is None else universe.select_atoms(center)
    atoms = counted if fixed is None else counted | fixed
    in_counted = np.searchsorted(atoms.ix, counted.ix)
    in_fixed = None if fixed is None else np.searchsorted(atoms.ix, fixed.ix)
    weights = {
        "number_density": np.ones(len(counted)),
        "mass_density": counted.masses if hasattr(counted, "masses") else None,
        "charge_density": counted.charges if hasattr(counted, "charges") else None,
    }
    weights = {name: each for name, each in weights.items() if each is not None}
    sums = {name: np.zeros(n_bins) for name in weights}
    height = 0.0
    for block in frames.blocks(atoms, finite=True):
        if block.boxes is None:
            raise ArgumentError("a profile is taken over the periodic cell, and these frames have none")
        lattices = block.lattices
        to_fraction = np.linalg.inv(lattices)[:, :, "xyz".index(axis)]
        fractions = np.einsum("fax,fx->fa", block.positions.astype(np.float64), to_fraction)
        if in_fixed is not None:
            fractions += 0.5 - circular_means(fractions[:, in_fixed])[:, None]
        fractions = fractions[:, in_counted]
        bins = np.minimum(((fractions - np.floor(fractions)) * n_bins).astype(np.int64), n_bins - 1)
        bins += n_bins * np.arange(len(bins))[:, None]
        slabs = np.linalg.det(lattices) / n_bins
        height += float(np.sum(1.0 / np.linalg.norm(to_fraction, axis=1)))
        for name, each in weights.items():
            here = np.bincount(bins.ravel(), np.tile(each, len(bins)), bins.shape[0] * n_bins)
            sums[name] += (here.reshape(-1, n_bins) / slabs[:, None]).sum(axis=0)
    middles = (np.arange(n_bins) + 0.5) / n_bins - (0.0 if fixed is None else 0.5)
    profile = {name: each / len(frames) for name, each in sums.items()}
    return {"mass_density": None, "charge_density": None, "position": middles * height / len(frames)} | profile


def circular_means(fractions: np.ndarray) -> np.ndarray:
    """Return the centre (frame,) of fractional coordinates (frame, atom) on a circle, where 0 and 1 are the same."""
    around = np.exp(2j * np.pi * fractions).mean(axis=1)
    means: np.ndarray = np.angle(around) / (2.0 * np.pi)
    return means
