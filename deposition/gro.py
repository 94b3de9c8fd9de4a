"""Guest: the probe of GRO, the structure format of GROMACS.

A title, the number of atoms, a line of fixed columns for each atom (nm), the cell (nm); perhaps more frames after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from deposition.quantities import CoordinateCheck, box_of_vectors
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.text_lines import count_changes, lines

TYPE = "GRO"
FAMILIES = ("structure", "topology")
SUFFIXES = (".gro",)
ANGSTROM_PER_NM = 10.0
_COLUMNS_BEFORE_POSITIONS = 20
_HEAD = re.compile(rb"[^\n]*\n[ \t]*\d+[ \t]*\r?\n[ \d]{5}[^\n]{10}[ \d]{5}[ \d.-]{9}")
_FULL_COLUMNS = re.compile(r"-?\d+\.\d{5}")  # numbers that fill their columns leave no space between them
_TIME = re.compile(r"\bt=\s*(-?[\d.]+(?:[eE][-+]?\d+)?)")


def looks_like(head: bytes) -> bool:
    """Tell whether a number of atoms and a line of columns stand in the second and third line."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one GRO and read its facts."""
    doubts: list[str] = []
    text = lines(file)
    title = next(text, "")
    n_atoms = _count(file, next(text, ""))
    check_atoms(file, n_atoms, topology)
    residues, names, has_velocities = _read_atoms(file, text, n_atoms, doubts)
    box = _box(file, next(text, None), doubts)
    frames_after = _count_frames_after(text, n_atoms)
    if frames_after:
        doubts.append(
            f"it holds {1 + frames_after} frames, of which only the first is read: "
            "deposit the others as a trajectory, such as XTC"
        )
    time = _TIME.search(title)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_residues=count_changes(residues),
            n_segments=1,
            n_frames=1,
            times={"first_time": {"value": float(time[1]), "unit": "ps"}} if time else None,
            box=box,
            has=["positions", *(["velocities"] if has_velocities else [])],
            doubts=doubts,
            **composition(residues, names),
        )
    )


def _count(file: Deposited, line: str) -> int:
    """Return the number of atoms that the second line states."""
    if not line.strip().isdecimal() or len(line.strip()) > 12:
        raise unreadable(file, f"its second line is {line[:80]!r}, not a number of atoms")
    if (n_atoms := int(line)) == 0:
        raise empty(file, "has no atoms")
    return n_atoms


def _read_atoms(
    file: Deposited, text: Iterator[str], n_atoms: int, doubts: list[str]
) -> tuple[list[tuple[str, str, str]], list[str], bool]:
    """Read the lines of atoms; returns their residues, their names, and whether there are velocities."""
    residues: list[tuple[str, str, str]] = []
    names: list[str] = []
    positions: list[tuple[float, ...]] = []
    width, has_velocities = 0, False
    for number, line in zip(range(1, n_atoms + 1), text, strict=False):
        if not width:
            width = _column_width(file, line)
            has_velocities = len(line.rstrip()) > _COLUMNS_BEFORE_POSITIONS + 3 * width
        numbers = line[_COLUMNS_BEFORE_POSITIONS : _COLUMNS_BEFORE_POSITIONS + 3 * width]
        try:
            positions.append(tuple(float(numbers[place : place + width]) for place in range(0, 3 * width, width)))
        except ValueError:
            raise truncated(file, f"atom {number} of {n_atoms} has no three coordinates: {line[:80]!r}") from None
        residues.append((line[:5], line[5:10], ""))
        names.append(line[10:15])
    if len(positions) < n_atoms:
        raise truncated(file, f"{len(positions)} of {n_atoms} atoms are there")
    CoordinateCheck(file, doubts).look_at(np.array(positions) * ANGSTROM_PER_NM, 0)
    return residues, names, has_velocities


def _column_width(file: Deposited, line: str) -> int:
    """Return the width of a coordinate's column: the distance between decimal points, which tells the precision."""
    first = line.find(".", _COLUMNS_BEFORE_POSITIONS)
    second = line.find(".", first + 1)
    if not 0 < first < second:
        raise unreadable(file, f"its first atom has no coordinates: {line[:80]!r}")
    return second - first


def _box(file: Deposited, line: str | None, doubts: list[str]) -> dict[str, object] | None:
    """Read the line of the cell: the diagonal of three vectors, then perhaps their other components."""
    if line is None or not line.strip():
        raise truncated(file, "the line of the cell, after the atoms, is missing")
    words = line.split() if line.count(".") <= len(line.split()) else _FULL_COLUMNS.findall(line)
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        raise unreadable(file, f"its line of the cell is {line[:80]!r}") from None
    if len(numbers) not in (3, 9):
        raise truncated(file, f"its line of the cell has {len(numbers)} numbers, not 3 or 9")
    xx, yy, zz, xy, xz, yx, yz, zx, zy = numbers + [0.0] * (9 - len(numbers))
    return box_of_vectors(np.array([[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]]) * ANGSTROM_PER_NM, doubts)


def _count_frames_after(text: Iterator[str], n_atoms: int) -> int:
    """Count further frames: a title and a number of atoms each."""
    count = 0
    while next(text, None) is not None:
        line = next(text, "").strip()
        if not line.isdecimal() or len(line) > 12:
            break
        count += 1
        for _ in range(int(line) + 1):
            if next(text, None) is None:
                return count
    return count
