"""Guest: coordinates of some atoms in some frames."""

from __future__ import annotations

from typing import Any

import numpy as np

RESULT_BYTES = 500 * 2**20  # below the bundle's result_mib, with room for what stands beside the positions


class ArgumentError(Exception):
    """More coordinates were asked for than a result may have."""


def coordinates(universe: Any, frames: Any, *, select: str, whole: bool) -> dict[str, Any]:
    """Read coordinates as float32, which is all that trajectory formats keep.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to read.
    select
        Atoms to give.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `positions`: (frame, atom, xyz) float32, angstrom; `cells`: (frame, cell) float32; `atom_indices`: (atom,).
    """
    atoms = universe.select_atoms(select)
    size = 12 * len(frames) * len(atoms)
    if size > RESULT_BYTES:
        raise ArgumentError(
            f"{len(frames)} frames of {len(atoms)} atoms are {size >> 20} MiB, {RESULT_BYTES >> 20} are allowed; "
            "select fewer atoms, take a larger step, or download the file"
        )
    positions = np.empty((len(frames), len(atoms), 3), np.float32)
    cells = np.empty((len(frames), 6), np.float32)
    all_periodic, done = True, 0
    for block in frames.blocks(atoms, whole=whole):
        rows = slice(done, done + len(block.frames))
        positions[rows] = block.positions
        if block.boxes is None:
            all_periodic = False
        else:
            cells[rows] = block.boxes
        done = rows.stop
    return {"positions": positions, "cells": cells if all_periodic else None, "atom_indices": atoms.ix}
