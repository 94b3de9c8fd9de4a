"""Guest: the probe of DCD, the trajectory format of CHARMM and NAMD.

Fortran records, each between two marks of its length: a header of 20 integers, titles, the number of atoms, the free
atoms if some are fixed; then for each frame a cell (if there are cells) and one record each of x, y and z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import CoordinateCheck, box_fact, box_of_vectors, even_time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable

TYPE = "DCD"
FAMILIES = ("trajectory",)
SUFFIXES = (".dcd",)
AKMA_PS = 4.888821e-2  # the time unit of CHARMM and NAMD, as MDAnalysis converts it
HEADER_BYTES = 84
CELL_BYTES = 48


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the frames lie."""

    order: str  # "<" or ">"
    n_atoms: int
    free_atoms: np.ndarray | None  # indices from 0 of atoms that frames after the first hold; None: all
    has_cell: bool
    has_fourth: bool
    start: int  # byte offset of the first frame

    def frame_bytes(self, frame: int) -> int:
        """Return the size of a frame; the first one holds all atoms."""
        n_atoms = self.n_atoms if frame == 0 or self.free_atoms is None else len(self.free_atoms)
        return (CELL_BYTES + 8) * self.has_cell + (4 * n_atoms + 8) * (3 + self.has_fourth)

    def offset(self, frame: int) -> int:
        """Return where a frame begins."""
        return self.start if frame == 0 else self.start + self.frame_bytes(0) + (frame - 1) * self.frame_bytes(1)


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins as a DCD of coordinates or velocities does."""
    return head[4:8] in (b"CORD", b"VELD") and head[:4] in (b"T\0\0\0", b"\0\0\0T")


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one DCD and read its facts."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        order = "<" if data.at(0, 1, "the header") == b"T" else ">"
        if data.at(4, 4, "the header") == b"VELD":
            raise unreadable(file, "it holds velocities, not coordinates")
        header = data.array_at(8, order + "i4", 20, "the header")
        if header[2] == 0:
            raise unreadable(file, "its header states 0 steps between frames, and readers divide by them")
        layout = _layout(file, data, order, header)
        check_atoms(file, layout.n_atoms, topology)
        n_frames = _count_frames(file, data, layout, int(header[0]), doubts)
        _check_frames(file, data, layout, n_frames, doubts)
        box = _box(data, layout, doubts)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=layout.n_atoms,
            n_frames=n_frames,
            times=_times(header, order, n_frames, doubts),
            box=box,
            has=["positions"],
            doubts=doubts,
        )
    )


def _layout(file: Deposited, data: GuardedFile, order: str, header: np.ndarray) -> _Layout:
    """Read the records before the frames."""
    is_charmm = header[19] != 0
    _check_marks(file, data, order, 0, HEADER_BYTES, "the header")
    position = HEADER_BYTES + 8
    position += _titles_bytes(file, data, order, position)
    _check_marks(file, data, order, position, 4, "the number of atoms")
    n_atoms = int(data.array_at(position + 4, order + "i4", 1, "the number of atoms")[0])
    if n_atoms <= 0:
        raise empty(file, f"has {n_atoms} atoms")
    position += 12
    free_atoms = None
    if n_fixed := int(header[8]):
        if not 0 < n_fixed <= n_atoms:
            raise unreadable(file, f"{n_fixed} of its {n_atoms} atoms are said to be fixed")
        n_free = n_atoms - n_fixed
        _check_marks(file, data, order, position, 4 * n_free, "the list of free atoms")
        free_atoms = data.array_at(position + 4, order + "i4", n_free, "the list of free atoms").astype(np.int64) - 1
        if n_free and not (free_atoms.min() >= 0 and free_atoms.max() < n_atoms):
            raise unreadable(file, "its list of free atoms names atoms that are not there")
        position += 4 * n_free + 8
    has_cell, has_fourth = bool(is_charmm and header[10]), bool(is_charmm and header[11] == 1)
    return _Layout(order, n_atoms, free_atoms, has_cell, has_fourth, position)


def _titles_bytes(file: Deposited, data: GuardedFile, order: str, position: int) -> int:
    """Return the size of the record of titles by their number: some writers give it equal, but wrong marks."""
    first, n_titles = data.array_at(position, order + "i4", 2, "the titles").tolist()
    length = 4 + 80 * int(n_titles)
    last = int(data.array_at(position + 4 + length, order + "i4", 1, "the titles")[0]) if n_titles >= 0 else None
    if first != last:
        raise unreadable(file, f"the record of its {n_titles} titles begins with length {first} and ends with {last}")
    return length + 8


def _count_frames(file: Deposited, data: GuardedFile, layout: _Layout, announced: int, doubts: list[str]) -> int:
    """Return the number of frames that the size allows, and compare it with the header's."""
    remaining = data.size - layout.start
    if remaining == 0:
        raise empty(file, "has no frame")
    if remaining < layout.frame_bytes(0):
        raise truncated(file, f"its first frame has {remaining} of {layout.frame_bytes(0)} bytes")
    later, rest = divmod(remaining - layout.frame_bytes(0), layout.frame_bytes(1))
    if rest:
        raise truncated(file, f"its last frame, number {later + 1}, has {rest} of {layout.frame_bytes(1)} bytes")
    if announced != later + 1:
        doubts.append(
            f"the header announces {announced} frames, the file holds {later + 1}: "
            "the simulation was stopped or restarted, or the file is cut between two frames"
        )
    return later + 1


def _check_frames(file: Deposited, data: GuardedFile, layout: _Layout, n_frames: int, doubts: list[str]) -> None:
    """Check the record marks and the coordinates of the sampled frames."""
    check = CoordinateCheck(file, doubts)
    for frame in check.sampled(n_frames, layout.n_atoms):
        position, what = layout.offset(frame), f"frame {frame}"
        if layout.has_cell:
            _check_marks(file, data, layout.order, position, CELL_BYTES, f"the cell of {what}")
            position += CELL_BYTES + 8
        n_atoms = layout.n_atoms if frame == 0 or layout.free_atoms is None else len(layout.free_atoms)
        for _ in "xyz":
            _check_marks(file, data, layout.order, position, 4 * n_atoms, what)
            if n_atoms:
                check.look_at(data.array_at(position + 4, layout.order + "f4", n_atoms, what), frame)
            position += 4 * n_atoms + 8


def _check_marks(file: Deposited, data: GuardedFile, order: str, position: int, length: int, what: str) -> None:
    """Refuse a record whose two marks are not its length."""
    first = int(data.array_at(position, order + "i4", 1, what)[0])
    if first != length or length < 0:
        raise unreadable(file, f"the record of {what} has length {first}, not {length}")
    last = int(data.array_at(position + 4 + length, order + "i4", 1, what)[0])
    if last != length:
        raise unreadable(file, f"the record of {what} begins with length {length} and ends with {last}")


def _times(header: np.ndarray, order: str, n_frames: int, doubts: list[str]) -> dict[str, object]:
    """Return the times as MDAnalysis reads them: step size x steps between frames, from the step of the first frame."""
    first_step, steps_per_frame = int(header[1]), int(header[2])
    kind = order + ("f4" if header[19] else "f8")  # X-PLOR's header has a double there
    step_size = float(np.frombuffer(header[9:11].tobytes(), kind)[0]) * AKMA_PS
    return even_time_facts(first_step * step_size, step_size * steps_per_frame, n_frames, doubts)


def _box(data: GuardedFile, layout: _Layout, doubts: list[str]) -> dict[str, object] | None:
    """Return the cell of the first frame; angles are stored as degrees or as cosines."""
    if not layout.has_cell:
        return None
    a, gamma, b, beta, alpha, c = data.array_at(layout.start + 4, layout.order + "f8", 6, "the first cell").tolist()
    angles = np.array([alpha, beta, gamma])
    if np.all(np.abs(angles) <= 1.0):
        angles = 90.0 - np.degrees(np.arcsin(angles))  # exactly 90 for a cosine of 0
    elif min(a, b, c, *angles) < 0.0 or angles.max() > 180.0:
        # Recent CHARMM stores the lower half of a symmetric matrix of vectors: xx, xy, yy, xz, yz, zz.
        return box_of_vectors(np.array([[a, gamma, beta], [gamma, b, alpha], [beta, alpha, c]]), doubts)
    return box_fact((a, b, c), angles.tolist(), doubts)
