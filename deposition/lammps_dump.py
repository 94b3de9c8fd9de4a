"""Guest: the probe of LAMMPS' text dumps: for each frame step, number of atoms, cell, and a line of columns an atom.

What the columns are each frame says: id, x y z (or xs, xu, xsu), perhaps vx, fx and more. Units are nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deposition.quantities import CoordinateCheck, box_of_vectors
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.text_lines import doubt_missing_end, lines

TYPE = "LAMMPSDUMP"
FAMILIES = ("trajectory", "topology")
SUFFIXES = (".lammpstrj", ".lammpsdump", ".dump")
HEADINGS = ("ITEM: TIMESTEP", "ITEM: NUMBER OF ATOMS", "ITEM: BOX BOUNDS", "ITEM: ATOMS")
POSITIONS = (("x", "y", "z"), ("xs", "ys", "zs"), ("xu", "yu", "zu"), ("xsu", "ysu", "zsu"))  # first found first


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a frame states before its atoms."""

    step: int
    n_atoms: int
    cell: np.ndarray  # (vector, xyz)
    columns: tuple[str, ...]


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with a heading of LAMMPS' dumps."""
    return head.startswith((b"ITEM: TIMESTEP", b"ITEM: UNITS", b"ITEM: TIME"))


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one dump and count its frames."""
    doubts = ["a dump states no units and no times: lengths are taken for angstrom, as with units real or metal"]
    check = CoordinateCheck(file, doubts)
    text = lines(file)
    first, ids, n_frames, last_step = None, None, 0, None
    for line in text:
        if not line.strip() and not any(rest.strip() for rest in text):
            break
        frame = _header(file, line, text, n_frames)
        first = first or frame
        if frame.n_atoms != first.n_atoms:
            raise unreadable(file, f"frame {n_frames} has {frame.n_atoms} atoms, the first one has {first.n_atoms}")
        found = _atoms(file, text, frame, n_frames, check)
        ids = found if ids is None else ids
        if found is not None and not np.array_equal(ids, found):
            raise unreadable(file, f"frame {n_frames} has other atoms than the first one, by their ids")
        if last_step is not None and frame.step <= last_step:
            doubts.append(f"steps do not increase at frame {n_frames}: {last_step}, then {frame.step}")
        last_step = frame.step
        n_frames += 1
    if first is None:
        raise empty(file, "has no frame")
    check_atoms(file, first.n_atoms, topology)
    doubt_missing_end(file, doubts)
    has = [name for name, letter in (("velocities", "v"), ("forces", "f")) if _has(first.columns, letter)]
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES[:1] if topology else FAMILIES,
            n_atoms=first.n_atoms,
            n_frames=n_frames,
            box=box_of_vectors(first.cell, doubts),
            has=["positions", *has],
            doubts=doubts,
        )
    )


def _has(columns: tuple[str, ...], letter: str) -> bool:
    return {f"{letter}{axis}" for axis in "xyz"} <= set(columns)


def _header(file: Deposited, line: str, text: Iterator[str], number: int) -> _Frame:
    """Read the lines before the atoms of one frame."""
    what = f"frame {number}"
    if line.startswith(("ITEM: UNITS", "ITEM: TIME")) and not line.startswith(HEADINGS[0]):
        raise unreadable(file, f"{what} begins with {line[:40]!r}; dump again without dump_modify units or time")
    if not line.startswith(HEADINGS[0]):
        raise unreadable(file, f"{what} begins with {line[:80]!r}, not with {HEADINGS[0]!r}")
    header = [line, *(next(text, "") for _ in range(8))]
    if not header[-1]:
        raise truncated(file, f"{what} ends within its header")
    for place, heading in zip((2, 4, 8), HEADINGS[1:], strict=True):
        if not header[place].startswith(heading):
            raise unreadable(file, f"{what} has {header[place][:80]!r} where {heading!r} must be")
    columns = tuple(header[8].split()[2:])
    if "id" not in columns:
        raise unreadable(file, f"its atoms have no ids, and LAMMPS changes their order; dump id with {columns}")
    if not any(set(names) <= set(columns) for names in POSITIONS):
        raise unreadable(file, f"its columns {' '.join(columns)[:80]!r} have no three coordinates")
    try:
        step, n_atoms = int(header[1]), int(header[3])
        bounds = np.array([[float(word) for word in line.split()] for line in header[5:8]])
    except ValueError:
        raise unreadable(file, f"the header of {what} has no numbers where they must be") from None
    if n_atoms <= 0:
        raise empty(file, f"has {n_atoms} atoms in {what}")
    triclinic = len(header[4].split()) == 9
    if bounds.shape != (3, 3 if triclinic else 2) or not np.all(np.isfinite(bounds)):
        raise unreadable(file, f"the cell of {what} is none of those that MDAnalysis reads: {header[4][:80]!r}")
    return _Frame(step, n_atoms, _cell(bounds), columns)


def _cell(bounds: np.ndarray) -> np.ndarray:
    """Return the lattice vectors of LAMMPS' bounds: of the box around a tilted cell, and its tilts."""
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    (x_low, x_high), (y_low, y_high), (z_low, z_high) = bounds[:, :2]
    x_size = x_high - x_low - max(0.0, xy, xz, xy + xz) + min(0.0, xy, xz, xy + xz)
    y_size = y_high - y_low - max(0.0, yz) + min(0.0, yz)
    return np.array([[x_size, 0.0, 0.0], [xy, y_size, 0.0], [xz, yz, z_high - z_low]])


def _atoms(
    file: Deposited, text: Iterator[str], frame: _Frame, number: int, check: CoordinateCheck
) -> np.ndarray | None:
    """Read the atoms of one frame; returns their ids, sorted, or None where the frame was only skipped."""
    if not check.wants(frame.n_atoms):
        if (there := sum(1 for _ in zip(range(frame.n_atoms), text, strict=False))) < frame.n_atoms:
            raise truncated(file, f"{there} of {frame.n_atoms} atoms of frame {number} are there")
        return None
    columns = frame.columns
    names = next(names for names in POSITIONS if set(names) <= set(columns))
    places = [columns.index(name) for name in ("id", *names)]
    rows = []
    for _, line in zip(range(frame.n_atoms), text, strict=False):
        words = line.split()
        try:
            rows.append([float(words[place]) for place in places])
        except (ValueError, IndexError):
            what = f"an atom of frame {number} is {line[:80]!r}"
            raise truncated(file, what) if next(text, None) is None else unreadable(file, what) from None
        if len(words) != len(columns):
            raise unreadable(file, f"an atom of frame {number} has {len(words)} columns, not {len(columns)}")
    if len(rows) < frame.n_atoms:
        raise truncated(file, f"{len(rows)} of {frame.n_atoms} atoms of frame {number} are there")
    table = np.array(rows)
    positions = table[:, 1:]
    if names[0].startswith("xs"):
        positions = positions @ frame.cell
    check.look_at(positions, number)
    ids = np.sort(table[:, 0])
    if np.any(np.diff(ids) == 0.0):
        raise unreadable(file, f"frame {number} has two atoms of one id")
    return ids
