"""Guest: writes outcome containers (docs/outcome-format.md); equal outcomes give equal bytes.

Host counterpart: fomrepo/model/container.py. They share the format and no code.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

OUTCOME_LIMIT_BYTES = 1 << 20
HEADER_LIMIT_BYTES = 4 << 20
TENSORS_LIMIT = 256
DIMENSIONS_LIMIT = 8

DTYPE_NAMES: dict[str, str] = {
    "|b1": "BOOL",
    "|i1": "I8",
    "|u1": "U8",
    "<i2": "I16",
    "<u2": "U16",
    "<i4": "I32",
    "<u4": "U32",
    "<f4": "F32",
    "<i8": "I64",
    "<u8": "U64",
    "<f8": "F64",
}


class ContainerError(ValueError):
    """An outcome that the format cannot hold."""


class Container:
    """One outcome and its tensors, ready to be written.

    Parameters
    ----------
    outcome
        The `outcome` entry; JSON values only, no NaN.
    tensors
        Arrays by tensor name, of any memory order and byte order. Not checked: that names belong to declared fields.

    Raises
    ------
    ContainerError
        A dtype, a number of dimensions or tensors, or a length that the format does not allow.
    """

    def __init__(self, outcome: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
        if len(tensors) > TENSORS_LIMIT:
            raise ContainerError(f"{len(tensors)} tensors; at most {TENSORS_LIMIT} are allowed")
        plain = [(name, _little_endian_c_order(name, array)) for name, array in tensors.items()]
        self._tensors = sorted(plain, key=lambda item: (-item[1].dtype.itemsize, item[0].encode()))
        self._header = _header(outcome, self._tensors)

    def __len__(self) -> int:
        """Return the number of bytes of the whole container."""
        return len(self._header) + sum(array.nbytes for _, array in self._tensors)

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Give the bytes, header first, without copying the arrays."""
        yield self._header
        for _, array in self._tensors:
            if array.nbytes:
                yield memoryview(array.reshape(-1)).cast("B")

    def to_bytes(self) -> bytes:
        """Return the whole container in one piece."""
        return b"".join(self.chunks())


def canonical_json(value: Any) -> str:
    """Return the one JSON spelling of a value: sorted keys, no spaces, no NaN, whole UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode()


def read_tensor(path: str, name: str) -> np.ndarray:
    """Return one tensor of a container that lies in a file, read-only.

    Raises
    ------
    ContainerError
        The file is no container, or has no tensor of that name that fits its size.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        header_bytes = int.from_bytes(file.read(8), "little")
        if header_bytes > min(HEADER_LIMIT_BYTES, size - 8):
            raise ContainerError(f"{path}: a header of {header_bytes} bytes in a file of {size}")
        try:
            entry = json.loads(file.read(header_bytes))[name]
            dtype = np.dtype(next(code for code, known in DTYPE_NAMES.items() if known == entry["dtype"]))
            first, last = (8 + header_bytes + int(offset) for offset in entry["data_offsets"])
            shape = tuple(int(length) for length in entry["shape"])
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise ContainerError(f"{path}: no readable tensor {name!r}") from error
        if not 8 + header_bytes <= first <= last <= size or last - first != math.prod(shape) * dtype.itemsize:
            raise ContainerError(f"{path}: tensor {name!r} does not fit the file")
        file.seek(first)
        return np.frombuffer(file.read(last - first), dtype=dtype).reshape(shape)


def tensors_of(container: bytes) -> dict[str, np.ndarray]:
    """Return all tensors of a container, read-only; the host has checked how they lie in it."""
    base = 8 + int.from_bytes(container[:8], "little")
    dtypes = {known: code for code, known in DTYPE_NAMES.items()}
    tensors = {}
    for name, entry in json.loads(container[8:base]).items():
        if name != "__metadata__":
            shape, first = entry["shape"], base + entry["data_offsets"][0]
            tensors[name] = np.frombuffer(container, dtypes[entry["dtype"]], math.prod(shape), first).reshape(shape)
    return tensors


def _little_endian_c_order(name: str, array: np.ndarray) -> np.ndarray:
    """Return the array as it will lie in the file; no copy where it already does."""
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPE_NAMES:
        raise ContainerError(f"tensor {name!r} has dtype {array.dtype}, which the format does not know")
    if array.ndim > DIMENSIONS_LIMIT:
        raise ContainerError(f"tensor {name!r} has {array.ndim} dimensions; at most {DIMENSIONS_LIMIT} are allowed")
    return np.asarray(array, dtype=dtype, order="C")


def _header(outcome: Mapping[str, Any], tensors: list[tuple[str, np.ndarray]]) -> bytes:
    """Return the length, the JSON and the padding that precede the buffers."""
    text = canonical_json(outcome)
    if len(text.encode()) > OUTCOME_LIMIT_BYTES:
        raise ContainerError(f"the outcome entry is longer than {OUTCOME_LIMIT_BYTES} bytes")
    header: dict[str, Any] = {"__metadata__": {"outcome": text}}
    end = 0
    for name, array in tensors:
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": DTYPE_NAMES[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    if len(encoded) > HEADER_LIMIT_BYTES:
        raise ContainerError(f"the header is longer than {HEADER_LIMIT_BYTES} bytes")
    return len(encoded).to_bytes(8, "little") + encoded
