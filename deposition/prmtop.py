"""Guest: the probe of PRMTOP, the topology format of AMBER: sections of a flag, a Fortran format, and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.text_lines import doubt_missing_end, lines

TYPE = "PRMTOP"
FAMILIES = ("topology",)
SUFFIXES = (".prmtop", ".parm7", ".top", ".prm7")
CHARGE_UNIT = 18.2223  # AMBER's charges are in this part of an elementary charge
_FORMAT = re.compile(r"%FORMAT\(\s*(\d{1,3})([aAeEiIfF])(\d{1,3})(?:\.\d{1,3})?\s*\)")
# Section -> position in POINTERS of what it is as long as, and numbers for each of these.
LENGTHS = {
    "ATOM_NAME": (0, 1), "CHARGE": (0, 1), "MASS": (0, 1), "RESIDUE_LABEL": (11, 1), "RESIDUE_POINTER": (11, 1),
    "BONDS_INC_HYDROGEN": (2, 3), "BONDS_WITHOUT_HYDROGEN": (3, 3), "ANGLES_INC_HYDROGEN": (4, 4),
    "ANGLES_WITHOUT_HYDROGEN": (5, 4), "DIHEDRALS_INC_HYDROGEN": (6, 5), "DIHEDRALS_WITHOUT_HYDROGEN": (7, 5),
    "AMBER_ATOM_TYPE": (0, 1), "TREE_CHAIN_CLASSIFICATION": (0, 1), "RADII": (0, 1), "SCREEN": (0, 1),
}  # fmt: skip
NEEDED = ("ATOM_NAME", "MASS", "CHARGE", "RESIDUE_LABEL", "RESIDUE_POINTER")
POINTERS = 30  # a 31st, and a 32nd, came later
_Sections = dict[str, list[str]]


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the version of a PRMTOP."""
    return head.startswith(b"%VERSION") and b"%FLAG" in head


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one PRMTOP and read its facts."""
    doubts: list[str] = []
    sections = _sections(file)
    pointers = _integers(file, sections, "POINTERS")
    if len(pointers) < POINTERS or min(pointers) < 0:
        raise truncated(file, f"its section POINTERS has {len(pointers)} numbers, at least {POINTERS} must be there")
    n_atoms, n_residues = int(pointers[0]), int(pointers[11])
    if not n_atoms:
        raise empty(file, "has no atoms")
    for name, (place, times) in LENGTHS.items():
        wanted = int(pointers[place]) * times
        there = len(sections.get(name, ()))
        if there < wanted and (name in sections or name in NEEDED):
            raise truncated(file, f"its section {name} has {there} of {wanted} entries")
        if there > wanted:
            raise unreadable(file, f"its section {name} has {there} entries, not {wanted}")
    charges, masses = (_reals(file, sections, name) for name in ("CHARGE", "MASS"))
    starts = _integers(file, sections, "RESIDUE_POINTER")
    if n_residues and (starts[0] != 1 or np.any(np.diff(starts) <= 0) or starts[-1] > n_atoms):
        raise unreadable(file, "its residues do not begin at one atom after the other")
    if missing := [name for name in LENGTHS if name not in sections]:
        doubts.append(f"it has no section {', '.join(missing)}: written so, or cut between two sections")
    doubt_missing_end(file, doubts)
    total = float(charges.sum()) / CHARGE_UNIT
    if abs(total - round(total)) > 0.01:
        doubts.append(f"the charges add up to {total:.3f}, which is no whole number")
    if np.any(masses <= 0.0):
        doubts.append(f"{int(np.sum(masses <= 0.0))} atoms have no mass")
    n_bonds = _check_bonds(file, sections, n_atoms)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_residues=n_residues,
            has=["masses", "charges", *(["bonds"] if n_bonds else [])],
            doubts=doubts,
            **_composition(sections, starts, charges),
        )
    )


def _composition(sections: _Sections, starts: np.ndarray, charges: np.ndarray) -> dict[str, Any]:
    """Return what the residues are, which begin at these atoms, counted from 1."""
    sizes = np.diff(np.append(starts, len(charges) + 1))
    keys = [
        (number, name, "")
        for number, (name, size) in enumerate(zip(sections["RESIDUE_LABEL"], sizes.tolist(), strict=True))
        for _ in range(size)
    ]
    return composition(keys, sections["ATOM_NAME"], charges / CHARGE_UNIT) if len(keys) == len(charges) else {}


def _sections(file: Deposited) -> _Sections:
    """Read the sections that are checked; of the others only that their lines are as long as their format says."""
    found: _Sections = {}
    text = lines(file)
    next(text, None)
    name, width, per_line, ended = "", 0, 0, True
    for line in text:
        if line.startswith("%FLAG"):
            name, (width, per_line) = line[5:].strip(), _format(file, text, line)
            if name in found:
                raise unreadable(file, f"it has two sections {name[:40]!r}")
            found[name], ended = [], False
        elif line.startswith("%") or not name:
            raise unreadable(file, f"its line {line[:80]!r} is in no section")
        elif not width:
            continue  # a title or a note, in columns of its own
        else:
            cells = [line[place : place + width] for place in range(0, len(line.rstrip("\r\n")), width)]
            if len(cells) > per_line and any(cell.strip() for cell in cells[per_line:]):
                raise unreadable(file, f"a line of its section {name[:40]} is too long: {line[:80]!r}")
            if ended and line.strip():
                raise unreadable(file, f"its section {name[:40]} goes on after a line that is not full")
            ended = len(cells) < per_line
            found[name] += cells[:per_line] if name in LENGTHS or name == "POINTERS" else []
    return found


def _format(file: Deposited, text: Iterator[str], flag: str) -> tuple[int, int]:
    """Read the line of the format behind a flag; returns the width of a column, and columns a line; 0 if mixed."""
    for line in text:
        if line.startswith("%COMMENT"):
            continue
        match = _FORMAT.match(line)
        if match is None and line.startswith("%FORMAT("):
            return 0, 0
        if match is None or not int(match[1]) or not int(match[3]):
            raise unreadable(file, f"no format follows {flag[:80]!r}")
        return int(match[3]), int(match[1])
    raise truncated(file, f"nothing follows {flag[:80]!r}")


def _integers(file: Deposited, sections: _Sections, name: str) -> np.ndarray:
    try:
        return np.array([int(cell) for cell in sections.get(name, ())], np.int64)
    except (ValueError, OverflowError):
        raise unreadable(file, f"its section {name} has other things than whole numbers") from None


def _reals(file: Deposited, sections: _Sections, name: str) -> np.ndarray:
    try:
        found = np.array([float(cell) for cell in sections[name]])
    except ValueError:
        raise unreadable(file, f"its section {name} has other things than numbers") from None
    if not np.all(np.isfinite(found)):
        raise unreadable(file, f"its section {name} has numbers that are not finite")
    return found


def _check_bonds(file: Deposited, sections: _Sections, n_atoms: int) -> int:
    """Check that bonds name atoms; returns how many there are. Atoms are written as three times their index."""
    count = 0
    for name in ("BONDS_INC_HYDROGEN", "BONDS_WITHOUT_HYDROGEN"):
        bonds = _integers(file, sections, name).reshape(-1, 3)[:, :2]
        if np.any(bonds < 0) or np.any(bonds >= 3 * n_atoms) or np.any(bonds % 3):
            raise unreadable(file, f"its section {name} names atoms that are not there")
        count += len(bonds)
    return count
