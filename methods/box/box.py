"""Guest: the periodic cell of each frame."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The file has no periodic cell."""


def box(universe: Any, frames: Any) -> dict[str, np.ndarray]:
    """Read lengths and angles, and take the volume of the lattice that they span.

    Parameters
    ----------
    universe
        Trajectory with the cells.
    frames
        Frames to read.

    Returns
    -------
    dict
        `lengths`: (frame, edge) float64, angstrom; `angles`: (frame, edge) float64, degree; `volume`: (frame,) float64,
        angstrom**3.
    """
    cells, volumes = [], []
    for block in frames.blocks(universe.atoms[:1]):
        if block.boxes is None:
            raise ArgumentError(
                f"not all frames have a periodic cell, frame {block.frames[0]} has none; "
                "choose others by start=, stop= or frames="
            )
        cells.append(block.boxes.astype(np.float64))
        volumes.append(np.linalg.det(block.lattices))
    lengths, angles = np.split(np.concatenate(cells), 2, axis=1)
    return {"lengths": lengths, "angles": angles, "volume": np.concatenate(volumes)}
