"""Guest: what a trajectory contains."""

from __future__ import annotations

from typing import Any

import numpy as np


def info(universe: Any, frames: Any) -> dict[str, Any]:
    """Count and name what is there; the range of frames does not matter.

    Parameters
    ----------
    universe
        Trajectory with its topology.
    frames
        Not used: the answer is about the whole file.

    Returns
    -------
    dict
        The fields of method.toml; None for what the files do not have.
    """
    first = universe.trajectory[0]
    has_times = "time" in first.data or "dt" in first.data  # MDAnalysis would make up 1 ps a frame
    time_step = float(universe.trajectory.dt) if has_times and len(universe.trajectory) > 1 else None
    residue_names, residue_counts = np.unique(universe.residues.resnames.astype(str), return_counts=True)
    atom_names, atom_counts = np.unique(universe.atoms.names.astype(str), return_counts=True)
    return {
        "n_atoms": len(universe.atoms),
        "n_residues": len(universe.residues),
        "n_segments": len(universe.segments),
        "n_bonds": len(universe.bonds) if hasattr(universe, "bonds") else None,
        "n_frames": len(universe.trajectory),
        "first_time": float(first.time) if has_times else None,
        "time_step": time_step,
        "total_time": None if time_step is None else time_step * (len(universe.trajectory) - 1),
        "cell_lengths": None if first.dimensions is None else first.dimensions[:3],
        "cell_angles": None if first.dimensions is None else first.dimensions[3:],
        "has_velocities": bool(first.has_velocities),
        "has_forces": bool(first.has_forces),
        "total_mass": float(universe.atoms.total_mass()) if hasattr(universe.atoms, "masses") else None,
        "total_charge": float(universe.atoms.charges.sum()) if hasattr(universe.atoms, "charges") else None,
        "residue_names": residue_names.tolist(),
        "residue_counts": residue_counts,
        "atom_names": atom_names.tolist(),
        "atom_counts": atom_counts,
        "segment_names": [str(name) for name in universe.segments.segids],
    }
