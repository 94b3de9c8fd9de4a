"""Guest: the probe of NPY, one array of numpy: a mark, a version, a header that is a Python literal, the values."""

from __future__ import annotations

import ast
import math
import struct
from typing import Any

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable

TYPE = "NPY"
FAMILIES = ("array",)
SUFFIXES = (".npy",)
MARK = b"\x93NUMPY"
LENGTHS = {(1, 0): "<H", (2, 0): "<I"}  # version -> how the length of the header is written; 3.0 is for records only
HEADER_LIMIT = 10_000  # bytes; a plain array has 118
DIMENSIONS_LIMIT = 32
PLAIN_KINDS = "biufcSU"  # numbers and texts; Python objects would have to be unpickled


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the mark of NPY."""
    return head.startswith(MARK)


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one NPY: what its header states is what its size holds."""
    with GuardedFile(file) as data:
        version = tuple(data.at(len(MARK), 2, "the header"))
        if version not in LENGTHS:
            raise unreadable(file, f"its version is {version}, known are 1.0 and 2.0")
        length_format = struct.Struct(LENGTHS[version])
        (length,) = length_format.unpack(data.at(len(MARK) + 2, length_format.size, "the header"))
        if length > HEADER_LIMIT:
            raise unreadable(file, f"its header claims to have {length} bytes, {HEADER_LIMIT} are allowed")
        start = len(MARK) + 2 + length_format.size
        dtype, shape = _stated(file, data.at(start, length, "the header"))
        wanted, there = math.prod(shape) * dtype.itemsize, data.size - start - length
    if there < wanted:
        raise truncated(file, f"{there} of {wanted} bytes of its array are there")
    if there > wanted:
        raise unreadable(file, f"{there} bytes follow its header, its array of shape {shape} has {wanted}")
    if not wanted:
        raise empty(file, f"holds no values: its shape is {shape}")
    return Report(facts(type=TYPE, families=FAMILIES, shape=list(shape), dtype=dtype.str, doubts=[]))


def _stated(file: Deposited, header: bytes) -> tuple[np.dtype, tuple[int, ...]]:
    """Read dtype and shape."""
    try:
        stated: Any = ast.literal_eval(header.decode("latin-1"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise unreadable(file, "its header is no Python literal") from None
    match stated:
        case {"descr": str(name), "fortran_order": bool(), "shape": (*shape,)} if len(stated) == 3:
            pass
        case _:
            raise unreadable(file, "its header does not state descr, fortran_order and shape of a plain array")
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError):
        raise unreadable(file, f"its numbers are {name[:40]!r}, which numpy does not know") from None
    if dtype.kind not in PLAIN_KINDS or dtype.fields or dtype.itemsize == 0:
        raise unreadable(
            file, f"it holds {name[:40]!r}; only numbers and texts are taken, no Python objects or records"
        )
    if len(shape) > DIMENSIONS_LIMIT or not all(type(size) is int and size >= 0 for size in shape):
        raise unreadable(file, "its shape is none")
    return dtype, tuple(shape)
