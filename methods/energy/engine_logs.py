"""Guest: energies over time out of tables and of the logs of GROMACS, AMBER and LAMMPS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

GROMACS_WIDTH = 15  # of each column of names and of numbers
GROMACS_UNITS = {
    "Time": "ps",
    "Temperature": "K",
    "Constr. rmsd": "",
    "Step": "",
}  # all others kJ/mol or in their names
AMBER_UNITS = {
    "NSTEP": "", "TIME(PS)": "ps", "TEMP(K)": "K", "PRESS": "bar", "VOLUME": "angstrom^3", "Density": "g/cm^3",
    "SURFTEN": "dyn/cm",
}  # fmt: skip
AMBER_TERM = re.compile(
    r"([A-Za-z1][A-Za-z0-9()\-]*(?: (?:NB|EEL|EELEC|\(non-restraint\)))?)\s*=\s*([-+]?[\d.]+(?:[eE][-+]\d+)?|\*+|NaN)"
)
LAMMPS_UNITS = {
    "real": {"Time": "fs", "Press": "atm", "Temp": "K", "Volume": "angstrom^3", "Density": "g/cm^3", "": "kcal/mol"},
    "metal": {"Time": "ps", "Press": "bar", "Temp": "K", "Volume": "angstrom^3", "Density": "g/cm^3", "": "eV"},
}
LAMMPS_ENERGIES = re.compile(r"(?:Tot|Pot|Kin)Eng|E_\w+")

Rows = list[dict[str, float]]


class Energies(NamedTuple):
    """Columns of numbers (row,) by name, the units that are known, and which column holds the times, if one does."""

    columns: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    time: str | None
    n_rows: int


def energies_of(data: Any) -> Energies:
    """Read a table as it is, and a log as far as it has energies over time; a log may have none."""
    if hasattr(data, "numeric"):
        return Energies({name: data[name] for name in data.numeric()}, data.units, data.time, len(data))
    rows, unit_of, time = READERS[data.type](data.lines())
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
    return Energies(columns, {name: unit_of(name) for name in names}, time if time in names else None, len(rows))


def of_gromacs(lines: Iterable[str]) -> tuple[Rows, Callable[[str], str], str]:
    """Read the energies at each step that was logged, up to the averages over all of them."""
    rows: Rows = []
    units = dict(GROMACS_UNITS)
    names: list[str] | None = None
    reading = False
    for line in lines:
        if "A V E R A G E S" in line:
            break
        cells = [line[at : at + GROMACS_WIDTH].strip() for at in range(0, len(line), GROMACS_WIDTH)]
        if cells[:2] == ["Step", "Time"]:
            names, reading = cells[:2], False
            rows.append({})
        elif line.startswith("   Energies ("):
            names, reading = None, bool(rows)
        elif names is not None and rows:
            rows[-1] |= zip(names, map(_number, cells), strict=False)
            names = None
        elif reading and cells and cells[0]:
            names = [cell.removesuffix(" (bar)") for cell in cells]
            units |= {cell.removesuffix(" (bar)"): "bar" for cell in cells if cell.endswith(" (bar)")}
        else:
            reading = False
    # A step that was announced and not written has nothing but its time.
    return [row for row in rows if len(row) > 2], lambda name: units.get(name, "kJ/mol"), "Time"


def of_amber(lines: Iterable[str]) -> tuple[Rows, Callable[[str], str], str]:
    """Read the terms at each step that was printed, up to the averages over all of them."""
    rows: Rows = []
    reading = False
    for line in lines:
        if "A V E R A G E S" in line:
            break
        if line.lstrip().startswith("NSTEP =") and "TIME(PS)" in line:
            rows.append({})
            reading = True
        elif line.lstrip().startswith("----"):
            reading = False
        if reading:
            rows[-1] |= {name: _number(text) for name, text in AMBER_TERM.findall(line)}
    return rows, lambda name: AMBER_UNITS.get(name, "kcal/mol"), "TIME(PS)"


def of_lammps(lines: Iterable[str]) -> tuple[Rows, Callable[[str], str], str]:
    """Read the tables of all runs; units where the log names those of real or metal, and none of other styles."""
    rows: Rows = []
    style: Mapping[str, str] = {}
    names: list[str] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["units"] and len(words) > 1:
            style = LAMMPS_UNITS.get(words[1], {})
        elif words[:1] == ["Step"]:
            names = words
        elif line.startswith("Loop time"):
            names = []
        elif names and len(words) == len(names) and all(map(_is_number, words)):
            rows.append(dict(zip(names, map(_number, words), strict=True)))

    def unit_of(name: str) -> str:
        return style.get("" if LAMMPS_ENERGIES.fullmatch(name) else name or "-", "")

    return rows, unit_of, "Time"


READERS: Mapping[str, Callable[[Iterable[str]], tuple[Rows, Callable[[str], str], str]]] = {
    "GMXLOG": of_gromacs,
    "MDOUT": of_amber,
    "LAMMPSLOG": of_lammps,
}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float:
    """Return a number; what the program had no room for, or what is none, is not a number."""
    return float(text) if _is_number(text) else float("nan")
