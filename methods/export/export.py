"""Guest: some atoms in some frames, as a file that other programs read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from MDAnalysis.lib.mdamath import triclinic_vectors

RESULT_BYTES = 500 * 2**20  # below the bundle's result_mib, with room for what stands beside the file
NM_PER_ANGSTROM = 0.1
AKMA_PS = 0.04888821  # time unit of DCD's header
CHAINS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TRR_MARK, TRR_VERSION = 1993, b"GMX_trn_file"


class ArgumentError(Exception):
    """The frames do not fit into the format, or not into a result."""


def export(universe: Any, frames: Any, *, select: str, file_format: str, whole: bool) -> dict[str, Any]:
    """Write frames into one file, in memory: there is no disk here to write to.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to write.
    select
        Atoms to write.
    file_format
        One of `WRITERS`.
    whole
        Whether molecules are made whole before.

    Returns
    -------
    dict
        `content` (byte,) uint8; `file_name` str; `n_atoms`, `n_frames` int; `atom_indices` (atom,) int64.
    """
    atoms = universe.select_atoms(select)
    pieces, used = [], 0
    for number, piece in enumerate(WRITERS[file_format](atoms, frames, whole)):
        used += len(piece)
        # All frames take the same room, so the first one tells; in some formats a header comes before it.
        if number < 2 and used + len(piece) * (len(frames) - 1) > RESULT_BYTES:
            raise ArgumentError(
                f"{len(frames)} frames of {len(atoms)} atoms are more than {RESULT_BYTES >> 20} MiB; "
                "select fewer atoms, take a larger step, or write file_format='dcd', which is small"
            )
        pieces.append(piece)
    return {
        "content": np.frombuffer(b"".join(pieces), np.uint8),
        "file_name": f"frames.{file_format}",
        "n_atoms": len(atoms),
        "n_frames": len(frames),
        "atom_indices": atoms.ix,
    }


def _each(atoms: Any, frames: Any, whole: bool) -> Iterator[tuple[int, float, np.ndarray, np.ndarray | None]]:
    """Give index, time in ps, positions (atom, xyz) and cell (6,) or None of each frame."""
    for block in frames.blocks(atoms, whole=whole):
        for row, index in enumerate(block.frames):
            cell = None if block.boxes is None else block.boxes[row]
            yield int(index), float(block.times[row]), block.positions[row], cell


def pdb(atoms: Any, frames: Any, whole: bool) -> Iterator[bytes]:
    """Write a model for each frame; numbers that have no room in a column begin again."""
    names, residues = _texts(atoms, "names", "X"), _texts(atoms, "resnames", "UNK")
    elements = np.char.upper(_texts(atoms, "elements", ""))
    places, inserted = _texts(atoms, "altLocs", " "), _texts(atoms, "icodes", " ")
    segments = np.unique(atoms.segindices, return_inverse=True)[1]
    lines = [
        f"ATOM  {(row + 1) % 100_000:>5} {f' {name:<3}' if len(name) < 4 and len(element) < 2 else f'{name:<4.4}'}"
        f"{place:1.1}{residue:<4.4}{CHAINS[segment % len(CHAINS)]}{resid % 10_000:>4}{code:1.1}   ".replace("%", "%%")
        + f"%8.3f%8.3f%8.3f  1.00  0.00          {element:>2.2}\n"
        for row, (name, residue, element, segment, resid, place, code) in enumerate(
            zip(names, residues, elements, segments, atoms.resids, places, inserted, strict=True)
        )
    ]
    template = "".join(lines)
    yield b"REMARK   1 WRITTEN BY FOMREPO\n"
    for number, (index, _, positions, cell) in enumerate(_each(atoms, frames, whole), 1):
        _check_room(positions, -999.9994, 9999.9994, "PDB", index)
        model = [f"MODEL     {number % 10_000:>4}\n", template % tuple(positions.ravel().tolist()), "ENDMDL\n"]
        if cell is not None:
            a, b, c, alpha, beta, gamma = cell
            model.insert(0, f"CRYST1{a:9.3f}{b:9.3f}{c:9.3f}{alpha:7.2f}{beta:7.2f}{gamma:7.2f} P 1           1\n")
        if number == len(frames):
            model.append("END\n")
        yield "".join(model).encode()


def gro(atoms: Any, frames: Any, whole: bool) -> Iterator[bytes]:
    """Write frames one behind the other, in nm."""
    names, residues = _texts(atoms, "names", "X"), _texts(atoms, "resnames", "UNK")
    lines = [
        f"{resid % 100_000:>5}{residue:<5.5}{name:>5.5}{(row + 1) % 100_000:>5}".replace("%", "%%")
        + "%8.3f%8.3f%8.3f\n"
        for row, (name, residue, resid) in enumerate(zip(names, residues, atoms.resids, strict=True))
    ]
    template = "".join(lines)
    for index, time, positions, cell in _each(atoms, frames, whole):
        _check_room(positions, -9999.994, 99999.994, "GRO", index)
        text = template % tuple((positions * NM_PER_ANGSTROM).ravel().tolist())
        vectors = np.zeros((3, 3)) if cell is None else triclinic_vectors(cell, dtype=np.float64) * NM_PER_ANGSTROM
        order = (0, 1, 2, 0, 0, 1, 1, 2, 2), (0, 1, 2, 1, 2, 0, 2, 0, 1)
        box = "".join(f"{length:10.5f}" for length in vectors[order])
        yield f"Written by fomrepo t= {time:.5f}\n{len(atoms):>5}\n{text}{box}\n".encode()


def xyz(atoms: Any, frames: Any, whole: bool) -> Iterator[bytes]:
    """Write names and coordinates alone."""
    names = _texts(atoms, "elements", "")
    names = np.where(names == "", _texts(atoms, "names", "X"), names)
    template = "".join(f"{name:<4} ".replace("%", "%%") + "%14.6f%14.6f%14.6f\n" for name in names)
    for index, time, positions, _ in _each(atoms, frames, whole):
        text = template % tuple(positions.ravel().tolist())
        yield f"{len(atoms)}\nframe {index:<10} t= {time:<20.5f} ps\n{text}".encode()


def dcd(atoms: Any, frames: Any, whole: bool) -> Iterator[bytes]:
    """Write float32 as CHARMM and NAMD do, with the cell where the first frame has one, and one step for all times."""
    first_times = [float(atoms.universe.trajectory[int(index)].time) for index in frames.indices[:2]]
    step = (first_times[-1] - first_times[0]) / AKMA_PS if len(frames) > 1 else 1.0
    with_cell: bool | None = None
    for index, _, positions, cell in _each(atoms, frames, whole):
        if with_cell is None:
            with_cell, n = cell is not None, len(frames)
            header = struct.pack("<4s9if10i", b"CORD", n, 0, 1, n, 0, 0, 0, 0, 0, step, with_cell, *[0] * 8, 24)
            title = struct.pack("<i80s", 1, b"written by fomrepo")
            yield b"".join(map(_marked, (header, title, struct.pack("<i", len(atoms)))))
        if (cell is not None) is not with_cell:
            raise ArgumentError(f"frame {index} differs from the first in having a cell, which a DCD cannot say")
        axes = [_marked(axis.tobytes()) for axis in np.ascontiguousarray(positions.T, "<f4")]
        if cell is not None:
            a, b, c, alpha, beta, gamma = map(float, cell)
            axes.insert(0, _marked(struct.pack("<6d", a, gamma, b, beta, alpha, c)))
        yield b"".join(axes)


def trr(atoms: Any, frames: Any, whole: bool) -> Iterator[bytes]:
    """Write float32 in nm as GROMACS does, with time and cell of each frame."""
    n_bytes = 12 * len(atoms)
    for index, time, positions, cell in _each(atoms, frames, whole):
        box = (
            b""
            if cell is None
            else (triclinic_vectors(cell, dtype=np.float64) * NM_PER_ANGSTROM).astype(">f4").tobytes()
        )
        sizes = (0, 0, len(box), 0, 0, 0, 0, n_bytes, 0, 0, len(atoms), index, 0)
        header = struct.pack(
            ">3i12s13i2f", TRR_MARK, len(TRR_VERSION) + 1, len(TRR_VERSION), TRR_VERSION, *sizes, time, 0.0
        )
        yield header + box + (positions * np.float32(NM_PER_ANGSTROM)).astype(">f4").tobytes()


WRITERS: Mapping[str, Callable[[Any, Any, bool], Iterator[bytes]]] = {
    "pdb": pdb,
    "gro": gro,
    "xyz": xyz,
    "dcd": dcd,
    "trr": trr,
}


def _marked(block: bytes) -> bytes:
    """Return a block between its lengths, as Fortran writes it."""
    mark = struct.pack("<i", len(block))
    return mark + block + mark


def _check_room(positions: np.ndarray, lowest: float, highest: float, name: str, index: int) -> None:
    """Refuse coordinates in angstrom that are no numbers, or too long for their column."""
    if not (positions.min() >= lowest and positions.max() <= highest):
        raise ArgumentError(f"frame {index} has coordinates that {name} has no room for; write file_format='dcd'")


def _texts(atoms: Any, attribute: str, otherwise: str) -> np.ndarray:
    """Return a text for each atom, also where the topology has none."""
    if not hasattr(atoms, attribute):
        return np.full(len(atoms), otherwise)
    texts: np.ndarray = getattr(atoms, attribute).astype(str)
    return texts
