"""Guest: what a trajectory, a topology or a structure contains."""

from __future__ import annotations

from typing import Any

import numpy as np


def info(universe: Any) -> dict[str, Any]:
    """Count and name what is there.

    Parameters
    ----------
    universe
        Trajectory with its topology, or one of these alone.

    Returns
    -------
    dict
        The fields of method.toml; None for what the files do not have.
    """
    return _of_atoms(universe) | _of_frames(getattr(universe, "trajectory", None))


def _of_atoms(universe: Any) -> dict[str, Any]:
    residue_names, residue_counts = _names_and_counts(universe.residues, "resnames")
    atom_names, atom_counts = _names_and_counts(universe.atoms, "names")
    return {
        "n_atoms": len(universe.atoms),
        "n_residues": len(universe.residues),
        "n_segments": len(universe.segments),
        "n_bonds": len(universe.bonds) if hasattr(universe, "bonds") else None,
        "total_mass": _total_mass(universe.atoms),
        "total_charge": float(universe.atoms.charges.sum()) if hasattr(universe.atoms, "charges") else None,
        "residue_names": residue_names,
        "residue_counts": residue_counts,
        "atom_names": atom_names,
        "atom_counts": atom_counts,
        "segment_names": [str(name) for name in universe.segments.segids],
    }


def _total_mass(atoms: Any) -> float | None:
    """Return the mass of all atoms, in dalton, or None where that of one is not known."""
    total = float(atoms.total_mass()) if hasattr(atoms, "masses") else np.nan
    return None if np.isnan(total) else total


def _of_frames(trajectory: Any) -> dict[str, Any]:
    if trajectory is None:
        absent = ("n_frames", "first_time", "time_step", "total_time", "cell_lengths", "cell_angles")
        return dict.fromkeys((*absent, "has_velocities", "has_forces"))
    first = trajectory[0]
    has_times = "time" in first.data or "dt" in first.data  # MDAnalysis would make up 1 ps a frame
    time_step = float(trajectory.dt) if has_times and len(trajectory) > 1 else None
    first_time = float(first.time) if has_times else None
    found = {
        "n_frames": len(trajectory),
        "first_time": first_time,
        "time_step": time_step,
        "cell_lengths": None if first.dimensions is None else first.dimensions[:3].copy(),
        "cell_angles": None if first.dimensions is None else first.dimensions[3:].copy(),
        "has_velocities": bool(first.has_velocities),
        "has_forces": bool(first.has_forces),
    }
    # The last frame says how long it was: steps differ where runs were strung together.
    total_time = None if time_step is None else float(trajectory[-1].time) - first_time
    return found | {"total_time": total_time}


def _names_and_counts(group: Any, attribute: str) -> tuple[list[str], np.ndarray]:
    """Return each name once, sorted, and how often it is there; nothing where the format has no names."""
    names, counts = np.unique(np.asarray(getattr(group, attribute, []), str), return_counts=True)
    return names.tolist(), counts
