"""Guest: the probe of AMBER's NetCDF trajectories: NetCDF 3 with the dimensions frame, atom and spatial.

Each record is a frame: time (ps), coordinates (angstrom), perhaps cell, velocities and forces.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.netcdf_header import NetcdfHeader, Variable, read_netcdf_header
from deposition.quantities import CoordinateCheck, box_fact, time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable

TYPE = "NCDF"
FAMILIES = ("trajectory",)
SUFFIXES = (".ncdf", ".nc", ".netcdf")
# Variable -> axes behind the frame, and its unit, which MDAnalysis insists on.
EXPECTED = {
    "coordinates": (("atom", "spatial"), "angstrom"),
    "velocities": (("atom", "spatial"), "angstrom/picosecond"),
    "forces": (("atom", "spatial"), "kilocalorie/mole/angstrom"),
    "time": ((), "picosecond"),
    "cell_lengths": (("cell_spatial",), "angstrom"),
    "cell_angles": (("cell_angular",), "degree"),
}


def looks_like(head: bytes) -> bool:
    """Tell whether a file is NetCDF of a classic kind, and speaks of AMBER in its header."""
    return head[:3] == b"CDF" and head[3:4] in b"\1\2\5" and b"AMBER" in head


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one trajectory and read its facts."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        header = read_netcdf_header(file, data)
        _check_convention(file, header)
        n_atoms = header.dimensions["atom"]
        n_frames = _count_frames(file, data, header, doubts)
        if not n_atoms or not n_frames:
            raise empty(file, f"has {n_atoms} atoms and {n_frames} frames")
        check_atoms(file, n_atoms, topology)
        parts = _Parts(data, header)
        times = None
        if "time" in header.variables:
            found = np.concatenate([parts.at("time", frame) for frame in range(n_frames)])
            times = time_facts(found.astype(np.float64), doubts)
        else:
            doubts.append("it has no times")
        check = CoordinateCheck(file, doubts)
        for frame in check.sampled(n_frames, n_atoms):
            check.look_at(parts.at("coordinates", frame), frame)
        box = None
        if {"cell_lengths", "cell_angles"} <= header.variables.keys():
            box = box_fact(parts.at("cell_lengths", 0).tolist(), parts.at("cell_angles", 0).tolist(), doubts)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_frames=n_frames,
            times=times,
            box=box,
            has=["positions", *(kind for kind in ("velocities", "forces") if kind in header.variables)],
            program=_program(header),
            doubts=doubts,
        )
    )


def _check_convention(file: Deposited, header: NetcdfHeader) -> None:
    """Refuse what is no trajectory, or one that MDAnalysis would refuse."""
    if header.version != 2:
        raise unreadable(file, "it has offsets of 32 bits; write it with 64-bit offsets, as cpptraj does")
    if "AMBER" not in str(header.attributes.get("Conventions", "")).replace(",", " ").split():
        raise unreadable(file, "its attribute Conventions does not name AMBER: it is another kind of NetCDF")
    if "ConventionVersion" not in header.attributes:
        raise unreadable(file, "it has no attribute ConventionVersion")
    if header.dimensions.get("spatial") != 3 or not {"atom", "frame"} <= header.dimensions.keys():
        raise unreadable(file, "it has no dimensions frame, atom, and spatial of 3: restart files are no trajectories")
    if "coordinates" not in header.variables:
        raise empty(file, "has no coordinates")
    if header.dimensions["frame"]:
        raise unreadable(file, "its frames are no records; write it anew with cpptraj")
    if ("cell_lengths" in header.variables) != ("cell_angles" in header.variables):
        raise unreadable(file, "it has one of cell_lengths and cell_angles without the other")
    for name, (axes, unit) in EXPECTED.items():
        if (variable := header.variables.get(name)) is not None:
            _check_variable(file, header, name, variable, axes, unit)


def _check_variable(
    file: Deposited, header: NetcdfHeader, name: str, variable: Variable, axes: tuple[str, ...], unit: str
) -> None:
    wanted = tuple(header.dimensions.get(axis, 3) for axis in axes)
    if not variable.has_records or variable.shape != wanted or variable.dtype not in (">f4", ">f8"):
        raise unreadable(file, f"its variable {name} has the shape {variable.shape} a frame, not {wanted}")
    stated = str(variable.attributes.get("units", ""))
    if stated != unit:
        raise unreadable(file, f"its {name} are in {stated[:40]!r}, not in {unit}")
    factor = variable.attributes.get("scale_factor", np.ones(1))
    if not (isinstance(factor, np.ndarray) and factor.shape == (1,) and factor.dtype.kind == "f"):
        raise unreadable(file, f"its {name} have a scale factor that is no number")


def _count_frames(file: Deposited, data: GuardedFile, header: NetcdfHeader, doubts: list[str]) -> int:
    """Return the number of frames that the header states, if the size agrees."""
    records = [each for each in header.variables.values() if each.has_records]
    start = min(each.begin for each in records)
    end = max(each.begin - start + each.part_bytes for each in records)
    if end > header.record_bytes:
        raise unreadable(file, "its variables lie over each other")
    whole = (data.size - start) // header.record_bytes if data.size > start else 0
    # The last record may lack its padding.
    if data.size - start - whole * header.record_bytes >= end:
        whole += 1
    if whole < header.n_records:
        raise truncated(file, f"its header states {header.n_records} frames, {max(whole, 0)} whole ones are there")
    if whole > header.n_records:
        doubts.append(f"its header states {header.n_records} frames, its size holds {whole}: it was not closed")
    return header.n_records


class _Parts:
    """Reads what single frames have of a variable, scaled."""

    def __init__(self, data: GuardedFile, header: NetcdfHeader) -> None:
        self._data = data
        self._header = header

    def at(self, name: str, frame: int) -> np.ndarray:
        """Return a frame's numbers, flat."""
        variable = self._header.variables[name]
        place = variable.begin + frame * self._header.record_bytes
        found = self._data.array_at(place, variable.dtype, variable.count, f"{name} of frame {frame}")
        factor = variable.attributes.get("scale_factor")
        return found if factor is None else found * factor[0]


def _program(header: NetcdfHeader) -> dict[str, Any] | None:
    name, version = (str(header.attributes.get(key, "")).strip("\0 ")[:80] for key in ("program", "programVersion"))
    return {"name": name, "version": version} if name else None
