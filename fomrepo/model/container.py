"""The outcome container, read as hostile bytes: docs/outcome-format.md.

The guest counterpart that writes it is ``sandbox/container.py``; they share the page, not the code. Nothing here
allocates what a header claims before the claim is checked against the bytes that are there.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from fomrepo.errors import OutcomeRefusedError

#: Bytes before the header: its length, u64 little-endian.
PREFIX = 8
#: Longest header. 256 tensors with their names take 40 kB, the outcome entry at most 1 MiB, escaped at most 2.
HEADER_LIMIT = 4 * 2**20
#: Longest outcome entry, in characters.
OUTCOME_LIMIT = 2**20
#: Most tensors in one container.
TENSOR_LIMIT = 256
#: Most dimensions of one tensor; numpy allows 64, no analysis here has more than 4.
DIMENSION_LIMIT = 8
#: Longest name of a tensor: a field name of 64 and a suffix.
NAME_LIMIT = 80

#: dtype -> (item size in bytes, numpy's name of it, little-endian).
DTYPES: Mapping[str, tuple[int, str]] = {
    "F64": (8, "<f8"),
    "I64": (8, "<i8"),
    "U64": (8, "<u8"),
    "F32": (4, "<f4"),
    "I32": (4, "<i4"),
    "U32": (4, "<u4"),
    "I16": (2, "<i2"),
    "U16": (2, "<u2"),
    "I8": (1, "|i1"),
    "U8": (1, "|u1"),
    "BOOL": (1, "|b1"),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one array lies in a container."""

    name: str
    #: Key of :data:`DTYPES`.
    dtype: str
    shape: tuple[int, ...]
    #: First byte, counted from the start of the container.
    start: int
    #: One past the last byte.
    end: int


@dataclass(frozen=True, slots=True)
class Container:
    """A container's header: the tensors by name, and the outcome entry."""

    tensors: Mapping[str, Tensor]
    outcome: Mapping[str, Any]


def header_end(prefix: bytes, size: int) -> int:
    """Where the header of a container of ``size`` bytes ends, read from its first eight bytes.

    Raises
    ------
    OutcomeRefusedError
        If the length is beyond the limit or the container.
    """
    if len(prefix) != PREFIX:
        raise _refused(f"it has {len(prefix)} bytes, fewer than its prefix of {PREFIX}")
    (length,) = struct.unpack("<Q", prefix)
    if length > HEADER_LIMIT:
        raise _refused(f"its header claims {length} bytes, {HEADER_LIMIT} are allowed")
    if PREFIX + length > size:
        raise _refused(f"its header claims {length} bytes, it has {size} in all")
    if (PREFIX + length) % 8:
        raise _refused("its header is not padded to a multiple of 8")
    return PREFIX + int(length)


def parse_header(header: bytes, size: int) -> Container:
    """Read the JSON header of a container and check every claim in it.

    Parameters
    ----------
    header
        The bytes between the prefix and the buffers.
    size
        Size of the whole container in bytes.

    Raises
    ------
    OutcomeRefusedError
        If anything is not as docs/outcome-format.md has it; the message says what.
    """
    base = PREFIX + len(header)
    entries = _json_object(header, "its header")
    if "__metadata__" not in entries or next(iter(entries)) != "__metadata__":
        raise _refused("its header does not begin with __metadata__")
    metadata = entries.pop("__metadata__")
    if not isinstance(metadata, dict) or set(metadata) != {"outcome"} or not isinstance(metadata["outcome"], str):
        raise _refused("__metadata__ does not hold one text named outcome")
    if len(metadata["outcome"]) > OUTCOME_LIMIT:
        raise _refused(f"its outcome entry has {len(metadata['outcome'])} characters, {OUTCOME_LIMIT} are allowed")
    if len(entries) > TENSOR_LIMIT:
        raise _refused(f"it has {len(entries)} tensors, {TENSOR_LIMIT} are allowed")
    tensors: dict[str, Tensor] = {}
    position, previous = base, (0, b"")
    for name, entry in entries.items():
        tensor = _tensor(name, entry, base)
        if tensor.start != position:
            raise _refused(f"the buffer of {name!r} begins at {tensor.start}, not at {position}")
        rank = (-DTYPES[tensor.dtype][0], name.encode())
        if tensors and rank <= previous:
            raise _refused(f"{name!r} stands out of order")
        tensors[name], position, previous = tensor, tensor.end, rank
    if position != size:
        raise _refused(f"its buffers end at {position}, the container at {size}")
    return Container(tensors, _json_object(metadata["outcome"].encode(errors="surrogatepass"), "its outcome entry"))


def _tensor(name: str, entry: object, base: int) -> Tensor:
    if not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
        raise _refused(f"a tensor has the name {name[:NAME_LIMIT]!r}")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _refused(f"{name!r} is not described by dtype, shape and data_offsets alone")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _refused(f"{name!r} has the dtype {str(dtype)[:20]!r}")
    if not _naturals(shape) or len(shape) > DIMENSION_LIMIT:
        raise _refused(f"{name!r} has no valid shape")
    if not _naturals(offsets) or len(offsets) != 2:
        raise _refused(f"{name!r} has no valid data_offsets")
    start, end = offsets
    if prod(shape) * DTYPES[dtype][0] != end - start:
        raise _refused(f"{name!r} has {end - start} bytes, its shape {tuple(shape)} of {dtype} takes another number")
    return Tensor(name, dtype, tuple(shape), base + start, base + end)


def _naturals(value: object) -> bool:
    """Whether a value is a list of integers from 0 to 2**63 - 1 (booleans are not)."""
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _refused(f"{what} has a key twice")
        return found

    def no_constant(name: str) -> Any:
        raise _refused(f"{what} contains {name}")

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=without_duplicates, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise _refused(f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise _refused(f"{what} is not a JSON object")
    return value


def _refused(why: str) -> OutcomeRefusedError:
    return OutcomeRefusedError(f"the outcome container is malformed: {why}")
