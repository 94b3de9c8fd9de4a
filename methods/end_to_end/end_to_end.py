"""Guest: the distance between the first and the last atom of a chain in each frame."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The selection is no chain."""


def end_to_end(universe: Any, frames: Any, *, select: str, whole: bool) -> dict[str, np.ndarray]:
    """Measure from the first selected atom of the file to the last.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to measure.
    select
        Atoms of one chain.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `end_to_end`: (frame,) float64, angstrom; `vector`: (frame, xyz) float64, angstrom.
    """
    chain = universe.select_atoms(select)
    segments = [str(name) for name in chain.segments.segids]
    if len(segments) > 1:
        raise ArgumentError(f"select={select!r} has atoms of {len(segments)} segments; add `and segid {segments[0]}`")
    if len(chain) < 2:
        raise ArgumentError(f"select={select!r} finds one atom; a chain has two ends")
    ends = chain[[0, -1]]
    vectors = [np.diff(block.positions.astype(np.float64), axis=1)[:, 0] for block in frames.blocks(ends, whole=whole)]
    vector = np.concatenate(vectors)
    return {"end_to_end": np.linalg.norm(vector, axis=1), "vector": vector}
