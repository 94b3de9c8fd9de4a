"""Guest: the probe of XTC, the compressed trajectory format of GROMACS.

Each frame, big-endian: the mark 1995, atoms, step, time (ps), three vectors of the cell (nm), atoms again; then up to 9
atoms as plain numbers, or precision, bounds, the number of compressed bytes and these, padded to a multiple of 4.
"""

from __future__ import annotations

import struct
from array import array

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import CoordinateCheck, box_of_vectors, time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable

TYPE = "XTC"
FAMILIES = ("trajectory",)
SUFFIXES = (".xtc",)
MARK = 1995
ANGSTROM_PER_NM = 10.0
PLAIN_ATOMS_LIMIT = 9  # so few atoms are not compressed
FRAME_HEADER = struct.Struct(">iiif36xi")  # mark, atoms, step, time, cell, atoms
COMPRESSED_HEADER = struct.Struct(">f3i3iii")  # precision, lowest, highest, index of small differences, bytes
FEWEST_BITS_PER_ATOM = 1  # what the packing cannot go below; bounds what a header can claim of memory


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the mark of XTC."""
    return head[:4] == MARK.to_bytes(4, "big")


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one XTC, read its facts and find where its frames begin."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        n_atoms, offsets, times = _scan(file, data)
        check_atoms(file, n_atoms, topology)
        box = box_of_vectors(data.array_at(16, ">f4", 9, "the cell").reshape(3, 3) * ANGSTROM_PER_NM, doubts)
    times_found = time_facts(times, doubts)
    _decode(file, n_atoms, offsets, doubts)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=n_atoms,
            n_frames=len(offsets),
            times=times_found,
            box=box,
            has=["positions"],
            doubts=doubts,
        ),
        offsets,
    )


def _scan(file: Deposited, data: GuardedFile) -> tuple[int, np.ndarray, np.ndarray]:
    """Walk from frame header to frame header; returns atoms, byte offsets and times in ps."""
    offsets, times = array("q"), array("d")
    n_atoms, position = 0, 0
    while position < data.size:
        frame = len(offsets)
        if position + FRAME_HEADER.size > data.size:
            raise truncated(file, f"frame {frame} has {data.size - position} bytes, less than its header")
        mark, atoms, _, time, atoms_again = FRAME_HEADER.unpack(data.at(position, FRAME_HEADER.size, "a frame"))
        if mark != MARK:
            raise unreadable(file, f"frame {frame}, at byte {position}, does not begin with the mark {MARK}")
        if atoms != atoms_again or atoms < 0 or (frame and atoms != n_atoms):
            raise unreadable(file, f"frame {frame} has {atoms} and {atoms_again} atoms, the first one has {n_atoms}")
        n_atoms = atoms
        offsets.append(position)
        times.append(time)
        position += FRAME_HEADER.size + _coordinates_bytes(file, data, position + FRAME_HEADER.size, atoms, frame)
        if position > data.size:
            raise truncated(file, f"frame {frame} ends at byte {position}, the file at {data.size}")
    if n_atoms == 0:
        raise empty(file, "has no atoms")
    return n_atoms, np.frombuffer(offsets, np.int64), np.frombuffer(times, np.float64)


def _coordinates_bytes(file: Deposited, data: GuardedFile, position: int, n_atoms: int, frame: int) -> int:
    """Return the number of bytes from the second number of atoms to the end of the frame."""
    if n_atoms <= PLAIN_ATOMS_LIMIT:
        return 12 * n_atoms
    if position + COMPRESSED_HEADER.size > data.size:
        raise truncated(file, f"frame {frame} has {data.size - position} bytes of coordinates, less than their header")
    count: int = COMPRESSED_HEADER.unpack(data.at(position, COMPRESSED_HEADER.size, "a frame"))[-1]
    if count <= 0 or n_atoms * FEWEST_BITS_PER_ATOM > 8 * count:
        raise unreadable(file, f"frame {frame} claims to hold {n_atoms} atoms in {count} bytes")
    return COMPRESSED_HEADER.size + count + -count % 4


def _decode(file: Deposited, n_atoms: int, offsets: np.ndarray, doubts: list[str]) -> None:
    """Unpack the coordinates of the sampled frames. Damaged bytes may end the process here: the sandbox holds it."""
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile  # a second of imports that no other probe needs

    check = CoordinateCheck(file, doubts)
    with XTCFile(file.path) as trajectory:
        trajectory.set_offsets(offsets)
        for frame in check.sampled(len(offsets), n_atoms):
            try:
                trajectory.seek(frame)
                positions = trajectory.read().x
            except (OSError, EOFError, StopIteration) as error:
                raise unreadable(file, f"frame {frame} cannot be unpacked: {error}") from error
            check.look_at(positions * ANGSTROM_PER_NM, frame)
