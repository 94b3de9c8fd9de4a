"""Guest: the probe of TRR, the full-precision trajectory format of GROMACS.

Each frame, big-endian: the mark 1993, a text, ten sizes in bytes, atoms, step, an unused number, time (ps), lambda;
then the cell (nm), two tensors, positions (nm), velocities and forces, each of the size that was stated.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import CoordinateCheck, box_of_vectors, time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable

TYPE = "TRR"
FAMILIES = ("trajectory",)
SUFFIXES = (".trr",)
MARK = 1993
TEXT = b"GMX_trn_file"
ANGSTROM_PER_NM = 10.0
# Mark, length of the text with its end, length of the text, text; sizes of: inputs, energies, cell, virial, pressure,
# topology, symbols, positions, velocities, forces; then atoms, step, a number that is not used.
FRAME_HEADER = struct.Struct(">iii12s10i3i")
NOT_USED = ("inputs", "energies", "topology", "symbols")  # sizes that are always 0
DIMENSIONS = 3


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a frame's header states, and where its parts lie."""

    n_atoms: int
    time: float  # ps
    real: str  # dtype of its numbers: ">f4" or ">f8"
    cell: int  # byte offset; meaningless if it has none
    has_cell: bool
    positions: int  # byte offset
    has: tuple[bool, bool, bool]  # positions, velocities, forces
    end: int  # byte offset of the next frame


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins as a TRR does."""
    return head[:4] == MARK.to_bytes(4, "big") and TEXT in head[4:32]


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one TRR, read its facts and find where its frames begin."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        first, offsets, times, has = _scan(file, data)
        check_atoms(file, first.n_atoms, topology)
        without = int(np.sum(~has[:, 0]))
        if without == len(offsets):
            raise empty(file, "has no frame with positions")
        if without:
            doubts.append(f"{without} of {len(offsets)} frames have no positions")
        times_found = time_facts(times, doubts)
        box = None
        if first.has_cell:
            vectors = data.array_at(first.cell, first.real, 9, "the cell").reshape(3, 3)
            box = box_of_vectors(vectors * ANGSTROM_PER_NM, doubts)
        check = CoordinateCheck(file, doubts)
        for number in check.sampled(len(offsets), first.n_atoms):
            frame = _frame(file, data, int(offsets[number]), number)
            if frame.has[0]:
                count = DIMENSIONS * frame.n_atoms
                check.look_at(data.array_at(frame.positions, frame.real, count, "a frame") * ANGSTROM_PER_NM, number)
    kinds = ("positions", "velocities", "forces")
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=first.n_atoms,
            n_frames=len(offsets),
            times=times_found,
            box=box,
            has=[kind for kind, present in zip(kinds, has.any(axis=0).tolist(), strict=True) if present],
            doubts=doubts,
        ),
        offsets,
    )


def _scan(file: Deposited, data: GuardedFile) -> tuple[_Frame, np.ndarray, np.ndarray, np.ndarray]:
    """Walk from frame to frame; returns the first one, byte offsets, times in ps, and what each frame has."""
    offsets, times, has = array("q"), array("d"), bytearray()
    position, first = 0, None
    while position < data.size:
        frame = _frame(file, data, position, len(offsets))
        first = first or frame
        if frame.n_atoms != first.n_atoms:
            raise unreadable(file, f"frame {len(offsets)} has {frame.n_atoms} atoms, the first one has {first.n_atoms}")
        offsets.append(position)
        times.append(frame.time)
        has += bytes(frame.has)
        position = frame.end
    if first is None:
        raise empty(file, "has no frame")
    present = np.frombuffer(bytes(has), np.bool_).reshape(-1, 3)
    return first, np.frombuffer(offsets, np.int64), np.frombuffer(times, np.float64), present


def _frame(file: Deposited, data: GuardedFile, start: int, number: int) -> _Frame:
    """Read and check one frame's header."""
    if start + FRAME_HEADER.size > data.size:
        raise truncated(file, f"frame {number} has {data.size - start} bytes, less than its header")
    mark, with_end, length, text, *numbers = FRAME_HEADER.unpack(data.at(start, FRAME_HEADER.size, "a frame"))
    inputs, energies, cell, virial, pressure, topology, symbols, *vectors, n_atoms, _, _ = numbers
    if (mark, with_end, length, text) != (MARK, len(TEXT) + 1, len(TEXT), TEXT):  # readers stop where one is not so
        raise unreadable(file, f"frame {number}, at byte {start}, does not begin with the mark {MARK}")
    if n_atoms <= 0:
        raise empty(file, f"has {n_atoms} atoms in frame {number}")
    if inputs or energies or topology or symbols:
        raise unreadable(file, f"frame {number} states sizes of {', '.join(NOT_USED)}, which TRR never holds")
    real_bytes = _real_bytes(cell, vectors, n_atoms)
    tensors_fit = all(size in (0, 9 * real_bytes) for size in (cell, virial, pressure))
    if not tensors_fit or any(size not in (0, DIMENSIONS * n_atoms * real_bytes) for size in vectors):
        raise unreadable(file, f"frame {number} states sizes that do not fit its {n_atoms} atoms")
    real = ">f4" if real_bytes == 4 else ">f8"
    body = start + FRAME_HEADER.size + 2 * real_bytes
    end = body + cell + virial + pressure + sum(vectors)
    if end > data.size:
        raise truncated(file, f"frame {number} ends at byte {end}, the file at {data.size}")
    time = float(data.array_at(start + FRAME_HEADER.size, real, 1, "a frame")[0])
    has = (vectors[0] > 0, vectors[1] > 0, vectors[2] > 0)
    return _Frame(n_atoms, time, real, body, cell > 0, body + cell + virial + pressure, has, end)


def _real_bytes(cell: int, vectors: list[int], n_atoms: int) -> int:
    """Return 4 or 8, the size of the frame's numbers: it is written nowhere and follows from the other sizes."""
    if cell:
        return 8 if cell == 72 else 4
    return 8 if max(vectors) == 8 * DIMENSIONS * n_atoms else 4
