"""Guest: the probe of EDR, the energies of GROMACS: names and units of the terms, then a frame for each time.

A frame, big-endian: -1e10 as a real of 4 or 8 bytes, the mark -7777777, version, time (ps), step, number of steps in
the sums and more; then the value of each term, with its sums if there are any, and further blocks. Whether reals have
4 or 8 bytes is told by where the mark stands.
"""

from __future__ import annotations

import itertools
import math
import struct
from array import array
from dataclasses import dataclass

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import time_facts
from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.table_columns import distinct_names

TYPE = "EDR"
FAMILIES = ("energy",)
SUFFIXES = (".edr",)
FILE_MARK, FRAME_MARK = -55555, -7777777
VERSIONS = (4, 5)  # since GROMACS 4.5
TERMS_LIMIT = 10_000  # thermodynamic integration has some hundred
NAME_LIMIT_BYTES = 200
BLOCKS_LIMIT = 10_000
# Bytes of one value: int, float, double, int64, char (as an int). Texts, type 5, have no size that is known.
VALUE_BYTES = (4, 4, 8, 8, 4)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a frame states, and where its values lie."""

    time: float  # ps
    real: str  # dtype of its values
    n_terms: int
    values: int  # byte offset
    sums: int  # reals that follow each value: 2 or 0
    end: int  # byte offset of the next frame


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the mark of EDR and a version."""
    return head[:4] == FILE_MARK.to_bytes(4, "big", signed=True) and head[4:7] == b"\0\0\0"


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one EDR and read its terms and times."""
    doubts: list[str] = []
    with GuardedFile(file) as data:
        terms, position = _terms(file, data)
        times, not_finite = array("d"), 0
        for number in itertools.count():
            if position == data.size:
                break
            frame = _frame(file, data, position, number)
            position = frame.end
            if not frame.n_terms:
                continue  # a frame of other blocks alone, between those of energies
            if frame.n_terms != len(terms):
                raise unreadable(file, f"frame {number} has {frame.n_terms} terms, the file names {len(terms)}")
            values = data.array_at(frame.values, frame.real, frame.n_terms * (1 + frame.sums), "the values")
            not_finite += not np.all(np.isfinite(values[:: 1 + frame.sums]))
            times.append(frame.time)
    if not times:
        raise empty(file, "has no frame with energies")
    if not_finite:
        doubts.append(f"{not_finite} of {len(times)} frames have energies that are not finite numbers")
    names = distinct_names(["Time", *(name for name, _ in terms)])
    units = ["ps", *(unit for _, unit in terms)]
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_rows=len(times),
            columns=[{"name": name, "dtype": "float64", "unit": unit} for name, unit in zip(names, units, strict=True)],
            times=time_facts(np.frombuffer(times, np.float64), doubts),
            doubts=doubts,
        )
    )


def _terms(file: Deposited, data: GuardedFile) -> tuple[list[tuple[str, str]], int]:
    """Read the names and units of the terms; returns them, and where the first frame begins."""
    _, version, count = struct.unpack(">iii", data.at(0, 12, "the header"))
    if version not in VERSIONS:
        raise unreadable(file, f"its version is {version}; write it anew with gmx eneconv of GROMACS 4.5 or later")
    if not 0 < count <= TERMS_LIMIT:
        raise unreadable(file, f"it claims to have {count} terms")
    position, texts = 12, []
    for _ in range(2 * count):
        (length,) = struct.unpack(">I", data.at(position, 4, "the name of a term"))
        if length > NAME_LIMIT_BYTES:
            raise unreadable(file, f"the name or unit of a term claims to have {length} bytes")
        texts.append(data.at(position + 4, length, "the name of a term"))
        position += 4 + length + -length % 4
    if not all(text.isascii() and text.decode().isprintable() for text in texts):
        raise unreadable(file, "the name or unit of a term is no plain text")
    names = [text.decode() for text in texts]
    return list(zip(names[::2], names[1::2], strict=True)), position


def _frame(file: Deposited, data: GuardedFile, start: int, number: int) -> _Frame:
    """Read one frame's header and find its end."""
    what = f"frame {number}"
    (second,) = struct.unpack(">i", data.at(start + 4, 4, what))
    real = ">f4" if second == FRAME_MARK else ">f8"
    real_bytes = int(real[-1])
    position = start + real_bytes
    fields = struct.Struct(">iidqiqdiii")
    mark, version, time, step, n_sum, _, _, n_terms, _, n_blocks = fields.unpack(data.at(position, fields.size, what))
    if mark != FRAME_MARK or version not in VERSIONS:
        raise unreadable(file, f"{what}, at byte {start}, does not begin with the mark {FRAME_MARK}")
    if version == 4:  # it has no time step
        fields = struct.Struct(">iidqiqiii")
        mark, version, time, step, n_sum, _, n_terms, _, n_blocks = fields.unpack(data.at(position, fields.size, what))
    if not (math.isfinite(time) and step >= 0 and 0 <= n_terms <= TERMS_LIMIT and 0 <= n_blocks <= BLOCKS_LIMIT):
        raise unreadable(file, f"{what} states {n_terms} terms and {n_blocks} blocks at step {step} and {time} ps")
    position += fields.size
    block_bytes = 0
    for _ in range(n_blocks):
        _, n_parts = struct.unpack(">ii", data.at(position, 8, what))
        if not 0 <= n_parts <= BLOCKS_LIMIT:
            raise unreadable(file, f"{what} has a block of {n_parts} parts")
        parts = data.array_at(position + 8, ">i4", 2 * n_parts, what).reshape(-1, 2).tolist()
        position += 8 + 8 * n_parts
        for kind, count in parts:
            if not 0 <= kind < len(VALUE_BYTES) or count < 0:
                raise unreadable(file, f"{what} has a block of {count} values of type {kind}")
            block_bytes += VALUE_BYTES[kind] * count
    position += 12  # the size of the energies, and two numbers that are not used
    sums = 2 if n_sum > 0 else 0
    end = position + n_terms * (1 + sums) * real_bytes + block_bytes
    if end > data.size:
        raise truncated(file, f"{what} ends at byte {end}, the file at {data.size}")
    return _Frame(time, real, n_terms, position, sums, end)
