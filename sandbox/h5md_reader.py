"""Guest: reads H5MD trajectories of any writer; MDAnalysis' own reader takes only files laid out as it writes them.

Read are the first group of particles that has positions, with steps and times that are listed or evenly spaced, cells
that are fixed or change, and what units they state. https://www.nongnu.org/h5md/h5md.html, version 1.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from MDAnalysis.coordinates.base import ReaderBase
from MDAnalysis.coordinates.core import triclinic_box

# Unit -> factor to angstrom, ps, kJ/mol. A unit text is a product of these with exponents: "kJ mol-1 nm-1".
FACTORS = {
    "Angstrom": 1.0, "angstrom": 1.0, "A": 1.0, "nm": 10.0, "pm": 0.01, "um": 1e4, "m": 1e10,
    "ps": 1.0, "fs": 1e-3, "ns": 1e3, "us": 1e6, "s": 1e12, "sec": 1e12, "second": 1e12,
    "kJ": 1.0, "kcal": 4.184, "mol": 1.0, "eV": 96.48533212331,
}  # fmt: skip


def factor_of(unit: str) -> float | None:
    """Return the factor from a unit of H5MD to those of MDAnalysis; None where it is not known."""
    factor = 1.0
    for word in unit.replace("/", " /").split():
        inverse, plain = word.startswith("/"), word.lstrip("/")
        base = plain.rstrip("+-0123456789")
        exponent = plain[len(base) :] or "1"
        if base not in FACTORS or exponent.lstrip("+-") not in ("1", "2", "3"):
            return None
        factor *= FACTORS[base] ** (-int(exponent) if inverse else int(exponent))
    return factor if math.isfinite(factor) else None


class H5MDFile(ReaderBase):
    """Reader of H5MD for MDAnalysis; velocities and forces in unknown units are left out.

    Parameters
    ----------
    filename
        Path of the file.
    """

    units = {"time": "ps", "length": "Angstrom"}  # noqa: RUF012 - so MDAnalysis' readers state them

    def __init__(self, filename: str, **options: Any) -> None:
        super().__init__(filename, **options)
        self._open()
        positions = self._particles["position/value"]
        self.n_frames, self.n_atoms = positions.shape[:2]
        names = {"position": "positions", "velocity": "velocities", "force": "forces"}
        self._factors = {name: factor for name in names if (factor := self._factor(name)) is not None}
        has = {names[name]: name in self._factors for name in names}
        self.ts = self._Timestep(self.n_atoms, **has, **self._ts_kwargs)
        self._read_frame(0)

    def _open(self) -> None:
        import h5py

        self._file = h5py.File(self.filename, "r")
        groups = self._file["particles"]
        self._particles = groups[next(name for name in groups if "position" in groups[name])]
        self._frame = -1

    def _reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _factor(self, name: str) -> float | None:
        """Return the factor of positions, velocities or forces; None: they are not there, or not understood."""
        if f"{name}/value" not in self._particles:
            return None
        unit = unit_of(self._particles[f"{name}/value"])
        return (1.0 if name == "position" else None) if unit is None else factor_of(unit)

    def _read_frame(self, frame: int) -> Any:
        timestep = self.ts
        timestep.frame = self._frame = frame
        for name, target in (("position", "positions"), ("velocity", "velocities"), ("force", "forces")):
            if name in self._factors:
                values = self._particles[f"{name}/value"][frame].astype(np.float32)
                setattr(timestep, target, values * np.float32(self._factors[name]))
        timestep.dimensions = self._cell(frame)
        position = self._particles["position"]
        if "step" in position:
            timestep.data["step"] = int(_listed(position["step"], frame))
        if "time" in position and (factor := factor_of(unit_of(position["time"]) or "ps")) is not None:
            timestep.data["time"] = float(_listed(position["time"], frame)) * factor
        return timestep

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self._frame + 1 >= self.n_frames:
            raise OSError("there is no further frame")
        return self._read_frame(self._frame + 1)

    def _cell(self, frame: int) -> np.ndarray | None:
        edges = self._particles.get("box/edges")
        if edges is None:
            return None
        changes = hasattr(edges, "keys")  # a group, not one fixed cell
        values = edges["value"] if changes else edges
        unit = unit_of(values) or unit_of(self._particles["position/value"]) or "Angstrom"
        now = np.asarray(values[frame] if changes else values[()], np.float64) * (factor_of(unit) or 1.0)
        return triclinic_box(*(np.diag(now) if now.ndim == 1 else now))


def unit_of(dataset: Any) -> str | None:
    """Return the unit that a dataset states."""
    unit = dataset.attrs.get("unit")
    return unit.decode() if isinstance(unit, bytes) else None if unit is None else str(unit)


def _listed(dataset: Any, frame: int) -> float:
    """Return the entry of a frame: from a list, or by an increment and an offset."""
    if dataset.shape:
        return float(dataset[frame])
    return float(dataset.attrs.get("offset", 0)) + float(dataset[()]) * frame
