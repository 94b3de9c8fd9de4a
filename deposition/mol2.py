"""Guest: the probe of MOL2, the molecule format of Tripos: sections "@<TRIPOS>NAME" of a molecule, atoms, bonds.

Several molecules of equally many atoms are read as frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from deposition.quantities import CoordinateCheck
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.text_lines import doubt_missing_end, lines

TYPE = "MOL2"
FAMILIES = ("structure", "topology", "trajectory")
SUFFIXES = (".mol2",)
SECTION = "@<TRIPOS>"
_HEAD = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*@<TRIPOS>MOLECULE")


@dataclass(slots=True)
class _Molecule:
    """What one molecule states and holds."""

    stated_atoms: int
    stated_bonds: int
    positions: list[tuple[float, ...]] = field(default_factory=list)
    n_bonds: int = 0
    has_charges: bool = False


def looks_like(head: bytes) -> bool:
    """Tell whether a molecule begins behind comments."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one MOL2 and count its molecules."""
    doubts: list[str] = []
    check = CoordinateCheck(file, doubts)
    n_frames, first = 0, None
    for molecule in _molecules(file):
        if len(molecule.positions) < molecule.stated_atoms or molecule.n_bonds < molecule.stated_bonds:
            raise truncated(
                file,
                f"molecule {n_frames + 1} has {len(molecule.positions)} of {molecule.stated_atoms} atoms and "
                f"{molecule.n_bonds} of {molecule.stated_bonds} bonds",
            )
        if len(molecule.positions) > molecule.stated_atoms or molecule.n_bonds > molecule.stated_bonds:
            raise unreadable(file, f"molecule {n_frames + 1} has more atoms or bonds than it states")
        first = first or molecule
        if molecule.stated_atoms != first.stated_atoms:
            raise unreadable(
                file,
                f"molecule {n_frames + 1} has {molecule.stated_atoms} atoms, the first one has {first.stated_atoms}; "
                "deposit each as a file of its own",
            )
        check.look_at(np.array(molecule.positions), n_frames)
        n_frames += 1
    if first is None:
        raise empty(file, "has no molecule")
    check_atoms(file, first.stated_atoms, topology)
    doubt_missing_end(file, doubts)
    charges, bonds = ["charges"] if first.has_charges else [], ["bonds"] if first.n_bonds else []
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES if n_frames > 1 else FAMILIES[:2],
            n_atoms=first.stated_atoms,
            n_frames=n_frames,
            has=["positions", *charges, *bonds],
            doubts=doubts,
        )
    )


def _molecules(file: Deposited) -> Iterator[_Molecule]:
    """Give one molecule after the other."""
    text = (line for line in lines(file) if line.strip() and not line.startswith("#"))
    molecule, section = None, ""
    for line in text:
        if line.startswith(SECTION):
            section = line[len(SECTION) :].strip()
            if section == "MOLECULE":
                if molecule is not None:
                    yield molecule
                next(text, None)  # its name
                molecule = _begun(file, next(text, ""))
        elif molecule is None:
            raise unreadable(file, f"its line {line[:80]!r} is in no molecule")
        elif section == "ATOM":
            _take_atom(file, molecule, line)
        elif section == "BOND":
            _take_bond(file, molecule, line)
    if molecule is not None:
        yield molecule


def _begun(file: Deposited, counts: str) -> _Molecule:
    """Read the numbers of atoms and bonds, which the third line of a molecule states."""
    words = counts.split()
    if not words or not all(word.isdecimal() and len(word) <= 12 for word in words):
        raise unreadable(file, f"a molecule states {counts[:80]!r}, no numbers of atoms and bonds")
    if not int(words[0]):
        raise empty(file, "has a molecule without atoms")
    return _Molecule(int(words[0]), int(words[1]) if len(words) > 1 else 0)


def _take_atom(file: Deposited, molecule: _Molecule, line: str) -> None:
    words = line.split()
    try:
        molecule.positions.append((float(words[2]), float(words[3]), float(words[4])))
    except (ValueError, IndexError):
        raise truncated(file, f"atom {len(molecule.positions) + 1} has no three coordinates: {line[:80]!r}") from None
    if len(words) < 6:
        raise truncated(file, f"atom {len(molecule.positions)} has no type: {line[:80]!r}")
    molecule.has_charges = len(words) >= 9


def _take_bond(file: Deposited, molecule: _Molecule, line: str) -> None:
    words = line.split()
    if len(words) < 4 or not all(
        word.isdecimal() and 0 < int(word[:12]) <= molecule.stated_atoms for word in words[1:3]
    ):
        raise unreadable(file, f"a bond names atoms that are not there: {line[:80]!r}")
    molecule.n_bonds += 1
