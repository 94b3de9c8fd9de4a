"""Guest: one structure out of a trajectory."""

from __future__ import annotations

from typing import Any


class ArgumentError(Exception):
    """The frame was named by a range, too."""


def frame(universe: Any, frames: Any, *, index: int, select: str, whole: bool) -> dict[str, Any]:
    """Read one frame, which `index` names; a range of frames is refused, as it would not choose it.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        All of the file; gives the positions of any of them.
    index
        The frame, in the file.
    select
        Atoms to give.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `positions`: (atom, xyz) float32, angstrom; the names of the atoms, the time and the cell beside it.
    """
    if len(frames) != len(universe.trajectory):
        raise ArgumentError("index= names the frame; leave out start=, stop=, step= and frames=")
    atoms = universe.select_atoms(select)
    positions = frames.positions_at(index, atoms, whole=whole)
    timestep = universe.trajectory.ts
    return {
        "positions": positions.astype("float32"),
        "velocities": atoms.velocities if timestep.has_velocities else None,
        "atom_indices": atoms.ix,
        "atom_names": [str(name) for name in atoms.names] if hasattr(atoms, "names") else None,
        "elements": [str(name) for name in atoms.elements] if hasattr(atoms, "elements") else None,
        "resids": atoms.resids,
        "resnames": [str(name) for name in atoms.resnames] if hasattr(atoms, "resnames") else None,
        "segids": [str(name) for name in atoms.segids],
        "time": float(timestep.time),
        "cell_lengths": None if timestep.dimensions is None else timestep.dimensions[:3],
        "cell_angles": None if timestep.dimensions is None else timestep.dimensions[3:],
    }
