"""Guest: the probe of XYZ: for each frame the number of atoms, a comment, then a line of name, x, y, z each atom."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from deposition.quantities import CoordinateCheck
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.text_lines import doubt_missing_end, lines

TYPE = "XYZ"
FAMILIES = ("trajectory", "structure", "topology")
SUFFIXES = (".xyz", ".extxyz")
_HEAD = re.compile(
    rb"[ \t]*\d{1,12}[ \t]*\r?\n[^\n]*\n[ \t]*[\w+*'-]+(?:[ \t]+[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?){3}[ \t\r\n]"
)


def looks_like(head: bytes) -> bool:
    """Tell whether a number, a comment and an atom stand in the first three lines."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one XYZ and count its frames."""
    doubts: list[str] = []
    check = CoordinateCheck(file, doubts)
    text = lines(file)
    n_atoms = n_frames = 0
    has_lattice = False
    for line in text:
        if not line.strip():
            if any(rest.strip() for rest in text):
                raise unreadable(file, f"an empty line stands between its frames, after frame {n_frames - 1}")
            break
        count = _count(file, line, n_frames)
        if n_frames and count != n_atoms:
            raise unreadable(file, f"frame {n_frames} has {count} atoms, the first one has {n_atoms}")
        n_atoms = count
        has_lattice |= "lattice=" in next(text, "").lower()
        _read_frame(file, text, n_atoms, n_frames, check)
        n_frames += 1
    check_atoms(file, n_atoms, topology)
    doubt_missing_end(file, doubts)
    if has_lattice:
        doubts.append("its comments state a lattice, which is not read: methods see no cell")
    return Report(
        facts(
            type=TYPE,
            families=("trajectory", "topology") if n_frames > 1 else ("structure", "topology"),
            n_atoms=n_atoms,
            n_frames=n_frames,
            has=["positions"],
            doubts=doubts,
        )
    )


def _count(file: Deposited, line: str, frame: int) -> int:
    """Return the number of atoms that a frame states."""
    if not line.strip().isdecimal() or len(line.strip()) > 12:
        raise unreadable(file, f"frame {frame} begins with {line[:80]!r}, not with a number of atoms")
    if (n_atoms := int(line)) == 0:
        raise empty(file, f"has no atoms in frame {frame}")
    return n_atoms


def _read_frame(file: Deposited, text: Iterator[str], n_atoms: int, frame: int, check: CoordinateCheck) -> None:
    """Read the lines of atoms of one frame."""
    positions = []
    wanted = check.wants(n_atoms)
    number = 0
    for number, line in zip(range(1, n_atoms + 1), text, strict=False):
        if not wanted:
            continue
        words = line.split(None, 4)
        try:
            positions.append((float(words[1]), float(words[2]), float(words[3])))
        except (ValueError, IndexError):
            what = f"atom {number} of frame {frame} has no three coordinates: {line[:80]!r}"
            raise truncated(file, what) if next(text, None) is None else unreadable(file, what) from None
    if number < n_atoms:
        raise truncated(file, f"{number} of {n_atoms} atoms of frame {frame} are there")
    if wanted:
        check.look_at(np.array(positions), frame)
