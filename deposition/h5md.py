"""Guest: the probe of H5MD, trajectories in HDF5: particles/NAME/position with value, step and time, and box/edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from deposition.hdf5_links import need, opened
from deposition.quantities import CoordinateCheck, box_of_vectors, time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, unreadable
from deposition.unit_texts import factor_of

TYPE = "H5MD"
FAMILIES = ("trajectory",)
SUFFIXES = (".h5md", ".h5")
MARK = b"\x89HDF\r\n\x1a\n"


def looks_like(head: bytes) -> bool:
    """Tell whether a file is HDF5; its groups tell the rest."""
    return head.startswith(MARK)


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one H5MD and read its facts."""
    doubts: list[str] = []
    with opened(file) as root:
        if "h5md" not in root or "particles" not in root:
            raise unreadable(file, "it is HDF5 without the groups h5md and particles: no H5MD")
        groups = [name for name in root["particles"] if "position" in root["particles"][name]]
        if not groups:
            raise empty(file, "has no positions of particles")
        if len(groups) > 1:
            doubts.append(f"it has {len(groups)} groups of particles, of which only {groups[0]!r} is read")
        return Report(_facts(file, root["particles"][groups[0]], topology, doubts))


def _facts(file: Deposited, particles: Any, topology: Topology | None, doubts: list[str]) -> dict[str, Any]:
    values = need(file, particles, "position/value")
    if len(values.shape) != 3 or values.shape[2] != 3 or values.dtype.kind != "f":
        raise unreadable(file, f"its positions have the shape {values.shape}, not (frame, atom, 3) of real numbers")
    n_frames, n_atoms = values.shape[:2]
    if not n_frames or not n_atoms:
        raise empty(file, f"has {n_atoms} atoms and {n_frames} frames")
    check_atoms(file, n_atoms, topology)
    scale = _factor(file, values, "positions", doubts)
    check = CoordinateCheck(file, doubts)
    for frame in check.sampled(n_frames, n_atoms):
        check.look_at(values[frame] * scale, frame)
    return facts(
        type=TYPE,
        families=FAMILIES,
        n_atoms=n_atoms,
        n_frames=n_frames,
        times=_times(file, particles["position"], n_frames, doubts),
        box=_box(file, particles, n_frames, scale, doubts),
        has=["positions", *(_also(file, particles, (n_frames, n_atoms, 3), doubts))],
        doubts=doubts,
    )


def _also(file: Deposited, particles: Any, shape: tuple[int, ...], doubts: list[str]) -> list[str]:
    """Return which of velocities and forces can be read."""
    found = []
    for name, plural in (("velocity", "velocities"), ("force", "forces")):
        if f"{name}/value" not in particles:
            continue
        values = particles[f"{name}/value"]
        if values.shape != shape or values.dtype.kind != "f":
            raise unreadable(file, f"its {plural} have the shape {values.shape}, its positions {shape}")
        unit = _unit(values)
        if unit is None or factor_of(unit) is None:
            doubts.append(f"its {plural} are in {unit or 'no unit'!r} and are not read")
        else:
            found.append(plural)
    return found


def _times(file: Deposited, position: Any, n_frames: int, doubts: list[str]) -> dict[str, Any] | None:
    for name in ("step", "time"):
        if name in position and position[name].shape not in ((), (n_frames,)):
            raise unreadable(file, f"its {name}s have the shape {position[name].shape} for {n_frames} frames")
    if "time" not in position:
        doubts.append("it has no times")
        return None
    time = position["time"]
    unit = _unit(time)
    if unit is None:
        doubts.append("its times have no unit; they are taken for ps")
    elif factor_of(unit) is None:
        doubts.append(f"its times are in {unit[:40]!r}, which is not known, and are not read")
        return None
    if time.shape:
        found = time[()].astype(np.float64)
    else:
        found = float(time.attrs.get("offset", 0)) + float(time[()]) * np.arange(n_frames)
    return time_facts(found * (factor_of(unit or "ps") or 1.0), doubts)


def _box(file: Deposited, particles: Any, n_frames: int, scale: float, doubts: list[str]) -> dict[str, Any] | None:
    """Return the cell of the first frame: edges that are fixed, or listed by frame; lengths, or vectors."""
    edges = particles.get("box/edges")
    if edges is None:
        return None
    changes = hasattr(edges, "keys")
    values = need(file, edges, "value") if changes else edges
    shape = values.shape[1:] if changes else values.shape
    if shape not in ((3,), (3, 3)) or (changes and len(values) != n_frames):
        raise unreadable(file, f"the edges of its cell have the shape {values.shape} for {n_frames} frames")
    unit = _unit(values)
    factor = scale if unit is None else factor_of(unit)
    if factor is None:
        raise unreadable(file, f"the edges of its cell are in {unit!r}, which is not known")
    first = np.asarray(values[0] if changes else values[()], np.float64) * factor
    return box_of_vectors(np.diag(first) if first.ndim == 1 else first, doubts)


def _factor(file: Deposited, dataset: Any, what: str, doubts: list[str]) -> float:
    unit = _unit(dataset)
    if unit is None:
        doubts.append(f"its {what} have no unit; they are taken for angstrom")
        return 1.0
    factor = factor_of(unit)
    if factor is None:
        raise unreadable(file, f"its {what} are in {unit[:40]!r}, which is not known")
    return factor


def _unit(dataset: Any) -> str | None:
    unit = dataset.attrs.get("unit")
    return unit.decode("utf-8", "replace") if isinstance(unit, bytes) else None if unit is None else str(unit)
