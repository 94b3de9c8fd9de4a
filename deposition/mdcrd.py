"""Guest: the probe of mdcrd, AMBER's trajectories as text: a title, then the coordinates of all frames, ten a line.

Nothing states the number of atoms: a topology must. Behind each frame may stand the three lengths of a cell, whose
angles are nowhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np

from deposition.quantities import CoordinateCheck
from deposition.report import Deposited, Refusal, Report, Topology, empty, facts, truncated, unreadable
from deposition.text_lines import lines

TYPE = "MDCRD"
FAMILIES = ("trajectory",)
SUFFIXES = (".mdcrd", ".crdbox", ".trj")
CERTAIN = False  # columns of numbers are all that it is
NUMBERS_A_LINE, COLUMNS = 10, 8  # Fortran's 10F8.3
_LINE = rb"(?:[ -]{0,6}\d{1,4}\.\d{3}){%d}"
_HEAD = re.compile(rb"[^\n]{0,80}\r?\n(?:" + _LINE % 10 + rb"|(?:[ \d.-]{8}){3,9})[ \t]*\r?\n")
_NUMBER = re.compile(rb"[ -]{0,6}\d{1,4}\.\d{3}")


def looks_like(head: bytes) -> bool:
    """Tell whether columns of eight characters with three decimals follow a title."""
    if _HEAD.match(head) is None:
        return False
    line = head.split(b"\n", 2)[1].rstrip()
    cells = [line[place : place + COLUMNS] for place in range(0, len(line), COLUMNS)]
    return len(cells) >= 3 and all(len(cell) == COLUMNS and _NUMBER.fullmatch(cell) for cell in cells)


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one mdcrd against the number of atoms of its topology, and count its frames."""
    if topology is None:
        raise Refusal(
            "unreadable",
            f"{file.name} does not say how many atoms it has",
            f"deposit it with its topology: fomrepo deposit TOPOLOGY {file.name}",
        )
    doubts = ["the format has no times"]
    check = CoordinateCheck(file, doubts)
    text = lines(file)
    next(text, None)
    first = _frame(file, text, topology.n_atoms, 0, check)
    if not first:
        raise empty(file, "has no frame")
    # A frame begins with a full line, or with one shorter than three numbers only if there is one atom.
    peeked = next(text, "")
    cell = _numbers(file, peeked, 3, "the cell") if _is_cell(peeked, topology.n_atoms) else None
    rest = text if cell is not None else itertools.chain([peeked] if peeked else [], text)
    n_frames = 1
    while _frame(file, rest, topology.n_atoms, n_frames, check):
        if cell is not None:
            line = next(rest, "")
            if not _is_cell(line, topology.n_atoms):
                raise truncated(file, f"frame {n_frames} has no line of the cell, the first one has: {line[:80]!r}")
            _numbers(file, line, 3, "the cell")
        n_frames += 1
    if cell is not None:
        lengths = " x ".join(f"{length:g}" for length in cell)
        doubts.append(
            f"its cell, {lengths} angstrom in the first frame, has no angles: they are taken for 90 degrees, which is "
            "wrong for a truncated octahedron"
        )
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=topology.n_atoms,
            n_frames=n_frames,
            has=["positions"],
            doubts=doubts,
        )
    )


def _frame(file: Deposited, text: Iterator[str], n_atoms: int, frame: int, check: CoordinateCheck) -> bool:
    """Read one frame; returns whether there was one."""
    missing, numbers = 3 * n_atoms, []
    wanted = check.wants(n_atoms)
    while missing:
        line = next(text, None)
        if line is None or not line.strip():
            if missing == 3 * n_atoms and not any(rest.strip() for rest in text):
                return False
            what = f"frame {frame} has {3 * n_atoms - missing} of {3 * n_atoms} coordinates, for the {n_atoms} atoms of"
            raise truncated(file, f"{what} its topology")
        expected = min(missing, NUMBERS_A_LINE)
        if wanted:
            numbers += _numbers(file, line, expected, f"frame {frame}")
        elif len(line.rstrip()) != expected * COLUMNS:
            raise unreadable(file, f"a line of frame {frame} has no {expected} numbers: {line[:80]!r}")
        missing -= expected
    if wanted:
        check.look_at(np.array(numbers), frame)
    return True


def _is_cell(line: str, n_atoms: int) -> bool:
    return len(line.rstrip()) == 3 * COLUMNS and n_atoms > 1


def _numbers(file: Deposited, line: str, expected: int, what: str) -> list[float]:
    """Return the numbers of a line, which must be so many."""
    plain = line.rstrip()
    cells = [plain[place : place + COLUMNS] for place in range(0, len(plain), COLUMNS)]
    if len(plain) != expected * COLUMNS:
        raise unreadable(
            file,
            f"a line of {what} has {len(cells)} numbers where {expected} must be, if the atoms are as many as those of "
            f"its topology: {line[:80]!r}",
        )
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        raise unreadable(file, f"a line of {what} has other things than numbers: {line[:80]!r}") from None
