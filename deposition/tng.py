"""Guest: the probe of TNG, trajectories of GROMACS in blocks: sizes, a kind, an MD5 digest, a name, then the content.

The blocks are walked by ourselves, their digests compared; what is in them pytng reads.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import CoordinateCheck, box_of_vectors, time_facts
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable

TYPE = "TNG"
FAMILIES = ("trajectory",)
SUFFIXES = (".tng",)
ANGSTROM_PER_NM, PS_PER_SECOND = 10.0, 1e12
BLOCK_HEADER = struct.Struct("qqq16s")  # bytes of the header, bytes of the content, kind, digest
HEADER_LIMIT_BYTES = 4096
SAMPLED_FRAMES = 50  # each costs the unpacking of a hundred
DIGEST_LIMIT_BYTES = 1 << 30  # a larger block is not digested
PARTS = {"TNG_TRAJ_POSITIONS": "positions", "TNG_TRAJ_VELOCITIES": "velocities", "TNG_TRAJ_FORCES": "forces"}
CELL = "TNG_TRAJ_BOX_SHAPE"
GETTERS = {
    CELL: "get_box", "TNG_TRAJ_POSITIONS": "get_positions", "TNG_TRAJ_VELOCITIES": "get_velocities",
    "TNG_TRAJ_FORCES": "get_forces",
}  # fmt: skip


def looks_like(head: bytes) -> bool:
    """Tell whether the first block is that of general information."""
    return head[40:53] == b"GENERAL INFO\0"


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one TNG and read its facts."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        _check_blocks(file, data)
    try:
        found = _by_pytng(file, topology, doubts)
    except (OSError, RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise unreadable(file, f"pytng says: {type(error).__name__}: {str(error)[:200]}") from error
    return Report(found)


def _check_blocks(file: Deposited, data: GuardedFile) -> None:
    """Walk from block to block to the end of the file."""
    position = number = 0
    order = "<" if data.at(0, 8, "the first block")[7] == 0 and data.at(0, 1, "the first block") != b"\0" else ">"
    header = struct.Struct(order + BLOCK_HEADER.format)
    while position < data.size:
        head_bytes, content_bytes, _, digest = header.unpack(data.at(position, header.size, f"block {number}"))
        if not header.size < head_bytes <= HEADER_LIMIT_BYTES or content_bytes < 0:
            raise unreadable(file, f"block {number}, at byte {position}, has a header of {head_bytes} bytes")
        end = position + head_bytes + content_bytes
        if end > data.size:
            raise truncated(file, f"block {number} ends at byte {end}, the file at {data.size}")
        if any(digest) and content_bytes <= DIGEST_LIMIT_BYTES:
            content = data.at(position + head_bytes, content_bytes, f"block {number}")
            if hashlib.md5(content, usedforsecurity=False).digest() != digest:
                raise unreadable(file, f"block {number}, at byte {position}, does not have the digest that it states")
        position, number = end, number + 1


def _by_pytng(file: Deposited, topology: Topology | None, doubts: list[str]) -> dict[str, Any]:
    import pytng

    with pytng.TNGFileIterator(file.path, "r") as tng:
        n_atoms = int(tng.n_atoms)
        check_atoms(file, n_atoms, topology)
        strides, counts = tng.block_strides, tng.n_data_frames
        if "TNG_TRAJ_POSITIONS" not in strides:
            raise empty(file, "has no positions")
        special = [name for name in (*PARTS, CELL) if name in strides]
        if any(len({of[name] for name in special}) > 1 for of in (strides, counts)):
            raise unreadable(
                file, "its positions, cells and more were written at different steps; write it anew with gmx trjconv"
            )
        n_frames = int(counts["TNG_TRAJ_POSITIONS"]) + 1
        steps = [frame * int(strides["TNG_TRAJ_POSITIONS"]) for frame in range(n_frames)]
        times, cell = _read_frames(file, tng, steps, n_atoms, doubts)
    return facts(
        type=TYPE,
        families=FAMILIES,
        n_atoms=n_atoms,
        n_frames=n_frames,
        times=time_facts(times, doubts),
        box=None if cell is None else box_of_vectors(cell, doubts),
        has=[name for block, name in PARTS.items() if block in strides],
        doubts=doubts,
    )


def _read_frames(
    file: Deposited, tng: Any, steps: list[int], n_atoms: int, doubts: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Look at the frames; returns the times of all in ps, and the cell of the first."""
    check = CoordinateCheck(file, doubts)
    sampled = set(check.sampled(len(steps), n_atoms, most=SAMPLED_FRAMES))
    parts = {name: tng.make_ndarray_for_block_from_name(name) for name in tng.block_strides}
    times, cell = np.empty(len(steps)), None
    for frame, step in enumerate(steps):
        now = tng.read_step(step)
        if (time := now.get_time()) is None:
            raise unreadable(file, f"the time of frame {frame} cannot be read")
        times[frame] = time * PS_PER_SECOND
        if frame not in sampled:
            continue
        for name, part in parts.items():  # all of them: MDAnalysis ends where one of a frame cannot be unpacked
            if name in GETTERS:
                getattr(now, GETTERS[name])(part)
            else:
                now.get_blockid(tng.block_ids[name], part)
            if not now.read_success:
                raise unreadable(file, f"{name} of frame {frame} cannot be unpacked")
        check.look_at(parts["TNG_TRAJ_POSITIONS"] * ANGSTROM_PER_NM, frame)
        if frame == 0 and CELL in parts:
            cell = parts[CELL].reshape(3, 3).astype(np.float64) * ANGSTROM_PER_NM
    return times, cell
