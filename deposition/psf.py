"""Guest: the probe of PSF, the topology format of CHARMM, X-PLOR and NAMD.

A line of flags, then sections "COUNT !NAME" of atoms, bonds, angles and more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.text_lines import count_changes, doubt_missing_end, lines

TYPE = "PSF"
FAMILIES = ("topology",)
SUFFIXES = (".psf",)
LARGEST_CHARGE = 1000.0  # elementary charges on one atom; beyond it columns have run together

# Section -> integers per entry. Others are read over, as their length cannot be told from their count alone.
INDICES_PER_ENTRY = {"NBOND": 2, "NTHETA": 3, "NPHI": 4, "NIMPHI": 4, "NDON": 2, "NACC": 2}
USUAL_SECTIONS = ("NBOND", "NTHETA", "NPHI", "NIMPHI")
_HEADING = re.compile(r"\s*(\d{1,12})\s+(?:\d+\s+)?!(\w+)")

# Columns of segment, residue number, residue, atom, charge and mass.
_STANDARD = (slice(9, 13), slice(14, 18), slice(19, 23), slice(24, 28), slice(34, 48), slice(48, 62))
_EXTENDED = (slice(11, 19), slice(20, 28), slice(29, 37), slice(38, 46), slice(52, 66), slice(66, 80))


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins as a PSF does."""
    return re.match(rb"PSF[ \t\r\n]", head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one PSF and read its facts."""
    doubts: list[str] = []
    text = lines(file)
    flags = next(text)[3:].split()
    n_atoms, atoms = 0, None
    counts: dict[str, int] = {}
    for line in text:
        heading = _HEADING.match(line)
        if heading is None:
            continue
        count, section = int(heading[1]), heading[2]
        counts[section] = count
        if section == "NATOM":
            n_atoms, atoms = count, _read_atoms(file, text, flags, count)
        elif section in INDICES_PER_ENTRY:
            _read_indices(file, text, section, count, n_atoms)
    if atoms is None:
        raise truncated(file, "it has no section of atoms")
    if missing := [f"!{section}" for section in USUAL_SECTIONS if section not in counts]:
        doubts.append(f"it has no section {', '.join(missing)}: written so, or cut between two sections")
    doubt_missing_end(file, doubts)
    charges, masses, residues, names = atoms
    if np.any(masses <= 0.0):
        doubts.append(f"{int(np.sum(masses <= 0.0))} atoms have no mass")
    if abs(charges.sum() - round(charges.sum())) > 0.01:
        doubts.append(f"the charges add up to {charges.sum():.3f}, which is no whole number")
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_residues=count_changes(residues),
            n_segments=count_changes((segment,) for *_, segment in residues),
            has=["masses", "charges", *(["bonds"] if counts.get("NBOND") else [])],
            doubts=doubts,
            **composition(residues, names, charges),
        )
    )


def _read_atoms(
    file: Deposited, text: Iterator[str], flags: list[str], count: int
) -> tuple[np.ndarray, np.ndarray, list[tuple[str, str, str]], list[str]]:
    """Read the atoms; returns charges, masses, number, name and segment of their residues, and their names."""
    if count == 0:
        raise empty(file, "has no atoms")
    columns = None if "NAMD" in flags else _EXTENDED if "EXT" in flags else _STANDARD
    charges, masses, residues, names = [], [], [], []
    for number, line in zip(range(1, count + 1), text, strict=False):
        words = line.split()
        if len(words) >= 9 or (columns is None and len(words) == 8):
            segment, resid, residue, name, _, charge, mass = words[1:8]
        elif columns is not None and len(words) >= 7:  # an empty column: only the places of the others tell which
            segment, resid, residue, name, charge, mass = (line[column].strip() for column in columns)
        else:
            raise truncated(file, f"atom {number} of {count} is {line[:80]!r}")
        try:
            charges.append(float(charge))
            masses.append(float(mass))
        except ValueError:
            raise unreadable(file, f"atom {number} has no charge and mass: {line[:80]!r}") from None
        residues.append((resid, residue, segment))
        names.append(name)
    if len(charges) < count:
        raise truncated(file, f"{len(charges)} of {count} atoms are there")
    found = np.array(charges), np.array(masses)
    if not (np.all(np.isfinite(found)) and np.all(np.abs(found[0]) < LARGEST_CHARGE)):
        raise unreadable(file, "charges or masses are not finite numbers of reasonable size")
    return *found, residues, names


def _read_indices(file: Deposited, text: Iterator[str], section: str, count: int, n_atoms: int) -> None:
    """Read one section of atom numbers and check that all are there and name atoms."""
    wanted, found = count * INDICES_PER_ENTRY[section], 0
    while found < wanted:
        line = next(text, None)
        if line is None or not line.strip():
            raise truncated(file, f"its section !{section} has {found} of {wanted} atom numbers")
        try:
            numbers = [int(word) for word in line.split()]
        except ValueError:
            raise unreadable(file, f"its section !{section} has the line {line[:80]!r}") from None
        lowest = 0 if section in ("NDON", "NACC") else 1  # 0 stands for no antecedent
        if not all(lowest <= number <= n_atoms for number in numbers):
            raise unreadable(file, f"its section !{section} names atoms that are not there: {line[:80]!r}")
        found += len(numbers)
    if found > wanted:
        raise unreadable(file, f"its section !{section} has {found} atom numbers, not {wanted}")
