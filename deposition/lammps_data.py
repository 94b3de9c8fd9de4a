"""Guest: the probe of LAMMPS' data files: a title, counts, the cell, then sections of masses, atoms, bonds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from deposition.quantities import CoordinateCheck, box_of_vectors
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.text_lines import doubt_missing_end, lines

TYPE = "LAMMPSDATA"
FAMILIES = ("topology", "structure")
SUFFIXES = (".data", ".lmp", ".lammps")
# Style -> columns of an atom; three image flags may follow.
STYLES = {
    "full": "id resid type charge x y z", "molecular": "id resid type x y z", "bond": "id resid type x y z",
    "angle": "id resid type x y z", "charge": "id type charge x y z", "atomic": "id type x y z",
}  # fmt: skip
OTHER_STYLES = frozenset({
    "amoeba", "body", "bpm", "dielectric", "dipole", "dpd", "edpd", "electron", "ellipsoid", "hybrid", "line", "mdpd",
    "peri", "rheo", "smd", "sph", "sphere", "spin", "tdpd", "template", "tri", "wavepacket",
})  # fmt: skip
ENTRIES = {"Bonds": ("bonds", 2), "Angles": ("angles", 3), "Dihedrals": ("dihedrals", 4), "Impropers": ("impropers", 4)}
_HEAD = re.compile(rb"[^\n]*\r?\n(?:[^\n]*\n){0,40}?[ \t]*\d{1,12}[ \t]+atoms\b")
_CELL = re.compile(rb"^[^\n]*\bxlo[ \t]+xhi", re.MULTILINE)
_COUNT = re.compile(r"\s*(\d{1,12})\s+([a-z][a-z ]*?)\s*(?:#.*)?$")
_BOUNDS = re.compile(r"\s*(\S+)\s+(\S+)\s+([xyz])lo\s+[xyz]hi\b")
_TILTS = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s+xy\s+xz\s+yz\b")
_SECTION = re.compile(r"([A-Z][A-Za-z]*(?: [A-Z][A-Za-z]*)*)\s*(?:#\s*(\S+).*)?$")


@dataclass(slots=True)
class _Data:
    """What the header states, and what the sections hold."""

    counts: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    tilts: tuple[float, float, float] = (0.0, 0.0, 0.0)
    style: str = ""
    rows: dict[str, list[list[str]]] = field(default_factory=dict)


def looks_like(head: bytes) -> bool:
    """Tell whether a number of atoms and the bounds of a cell follow a title."""
    return _HEAD.match(head) is not None and _CELL.search(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one data file and read its facts."""
    doubts = ["a data file states no units: lengths are taken for angstrom, masses for dalton, as with units real"]
    data = _read(file)
    n_atoms = data.counts.get("atoms", 0)
    if not n_atoms:
        raise empty(file, "has no atoms")
    check_atoms(file, n_atoms, topology)
    atoms = _complete(file, data, "Atoms", "atoms", n_atoms)
    if data.style in OTHER_STYLES:
        raise unreadable(file, f"its atom style is {data.style}; known are {', '.join(STYLES)}")
    style = data.style if data.style in STYLES else _style_of(file, atoms[0])
    columns = STYLES[style].split()
    ids = _check_atoms(file, atoms, columns, doubts)
    for name, (counted, ends) in ENTRIES.items():
        rows = _complete(file, data, name, counted, data.counts.get(counted, 0))
        if any(len(row) < 2 + ends or not ids.issuperset(row[2 : 2 + ends]) for row in rows):
            raise unreadable(file, f"its section {name} names atoms that are not there")
    velocities = data.rows.get("Velocities", [])
    if velocities and len(velocities) < n_atoms:
        raise truncated(file, f"its section Velocities has {len(velocities)} of {n_atoms} lines")
    doubt_missing_end(file, doubts)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_frames=1,
            box=_box(file, data, doubts),
            has=[
                *["positions", *(["velocities"] if velocities else []), *(["masses"] if "Masses" in data.rows else [])],
                *[*(["charges"] if "charge" in columns else []), *(["bonds"] if data.counts.get("bonds") else [])],
            ],
            atom_style=style,
            doubts=doubts,
        )
    )


def _read(file: Deposited) -> _Data:
    data, section = _Data(), ""
    text = lines(file)
    next(text, None)
    for line in text:
        plain = line.partition("#")[0].strip()
        if not plain:
            continue
        if plain[0].isalpha() and (match := _SECTION.match(line.strip())):
            section = match[1]
            if section in data.rows:
                raise unreadable(file, f"it has two sections {section}")
            data.rows[section] = []
            data.style = (match[2] or "") if section == "Atoms" else data.style
        elif section:
            data.rows[section].append(plain.split())
        elif match := _COUNT.match(plain):
            data.counts[match[2]] = int(match[1])
        else:
            _take_cell(file, data, plain)
    return data


def _take_cell(file: Deposited, data: _Data, line: str) -> None:
    try:
        if match := _BOUNDS.match(line):
            data.bounds[match[3]] = (float(match[1]), float(match[2]))
        elif match := _TILTS.match(line):
            data.tilts = (float(match[1]), float(match[2]), float(match[3]))
        elif line.endswith(("avec", "bvec", "cvec")):
            raise unreadable(file, "its cell is a general triclinic one; write it in LAMMPS' restricted form")
    except ValueError:
        raise unreadable(file, f"its cell has the line {line[:80]!r}") from None


def _complete(file: Deposited, data: _Data, section: str, counted: str, wanted: int) -> list[list[str]]:
    """Return the lines of a section, which must be as many as the header states."""
    rows = data.rows.get(section, [])
    if len(rows) < wanted:
        raise truncated(file, f"its section {section} has {len(rows)} of {wanted} {counted}")
    if len(rows) > wanted:
        raise unreadable(file, f"its section {section} has {len(rows)} {counted}, its header states {wanted}")
    return rows


def _style_of(file: Deposited, row: list[str]) -> str:
    """Tell the style by the number of columns where the section does not name it."""
    plain = len(row) - 3 if len(row) >= 8 else len(row)
    if plain == 6:
        return "charge" if "." in row[2] else "molecular"
    found = {7: "full", 5: "atomic"}.get(plain)
    if found is None:
        raise unreadable(file, f"its atoms have {len(row)} columns and no style; write the section as 'Atoms # full'")
    return found


def _check_atoms(file: Deposited, atoms: list[list[str]], columns: list[str], doubts: list[str]) -> set[str]:
    """Check the columns of the atoms; returns their ids."""
    for number, row in enumerate(atoms, 1):
        if len(row) not in (len(columns), len(columns) + 3):
            what = f"atom {number} has {len(row)} columns, not {len(columns)} or {len(columns) + 3}: {row[:8]}"
            raise truncated(file, what) if number == len(atoms) else unreadable(file, what)
    try:
        numbers = np.array([[float(row[columns.index(name)]) for name in ("id", "x", "y", "z")] for row in atoms])
    except ValueError:
        raise unreadable(file, "an atom has no id and three coordinates") from None
    CoordinateCheck(file, doubts).look_at(numbers[:, 1:], 0)
    ids = {row[0] for row in atoms}
    if len(ids) < len(atoms) or not all(each.isdecimal() for each in ids):
        raise unreadable(file, "its atoms have ids that are no numbers, or one twice")
    return ids


def _box(file: Deposited, data: _Data, doubts: list[str]) -> dict[str, object] | None:
    if set(data.bounds) != set("xyz"):
        raise unreadable(file, "its header has no bounds of a cell")
    x, y, z = (data.bounds[axis][1] - data.bounds[axis][0] for axis in "xyz")
    xy, xz, yz = data.tilts
    return box_of_vectors(np.array([[x, 0.0, 0.0], [xy, y, 0.0], [xz, yz, z]]), doubts)
