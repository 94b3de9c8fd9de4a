"""``.safetensors``: the outcome container (docs/outcome-format.md) with the result's description in its metadata.

Arrays keep every byte. The ``safetensors`` package opens it, and any program that reads a JSON header.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.blocks import blocks_of
from fomrepo.client.results.description import Description, described, read_description
from fomrepo.client.results.fields import array_in, fields_in_units, fields_of
from fomrepo.client.results.variables import row_offsets
from fomrepo.errors import ArgumentError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.container import DTYPES, OUTCOME_LIMIT, PREFIX, header_end, parse_header
from fomrepo.model.methods import FIELD_DTYPES

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: Files up to this size are read into memory, larger ones are mapped.
MEMORY_LIMIT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    #: Key of ``DTYPES``.
    dtype: str
    shape: tuple[int, ...]
    blocks: Iterable[Any]

    @property
    def size(self) -> int:
        return prod(self.shape) * DTYPES[self.dtype][0]


def container_chunks(result: Result) -> Iterator[Any]:
    """Bytes of the file, header first, then the arrays in blocks.

    Raises
    ------
    ArgumentError
        If the description is longer than the format allows.
    """
    outcome = canonical_json({"status": "ok", **described(result)}).decode()
    if len(outcome) > OUTCOME_LIMIT:
        raise ArgumentError(
            "the provenance of this result is too long for a .safetensors file: it lists very many frames",
            remedy="save it as .nc",
        )
    tensors = sorted(_tensors(result), key=lambda one: (-DTYPES[one.dtype][0], one.name.encode()))
    header: dict[str, Any] = {"__metadata__": {"outcome": outcome}}
    position = 0
    for one in tensors:
        header[one.name] = {
            "dtype": one.dtype,
            "shape": list(one.shape),
            "data_offsets": [position, position + one.size],
        }
        position += one.size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for one in tensors:
        yield from one.blocks


def read_container_file(path: Path) -> tuple[dict[str, Any], Description]:
    """Read fields and description back; every byte may be anybody's.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed, or its fields are not those of its method.
    ValueError
        If it does not describe itself.
    """
    content = _content(path)
    end = header_end(content[:PREFIX], len(content))
    container = parse_header(content[PREFIX:end], len(content))
    told = dict(container.outcome)
    if told.pop("status", None) != "ok":
        raise ValueError("it does not say that the method succeeded")
    description = read_description(told)
    declared = fields_in_units(description.schema.result, description.units)
    return fields_of(container, declared, partial(array_in, content)), description


def _content(path: Path) -> bytes | mmap:
    with path.open("rb") as stream:
        if path.stat().st_size <= MEMORY_LIMIT_BYTES:
            return stream.read()
        return mmap(stream.fileno(), 0, access=ACCESS_READ)


def _tensors(result: Result) -> Iterator[_Tensor]:
    """Arrays that spell the fields, as docs/outcome-format.md has it."""
    values = result.to_dict()
    for one in fields_in_units(result.schema.result, result.units):
        value, (_, dtype) = values[one.name], FIELD_DTYPES[one.dtype][0]
        if value is None:
            continue
        if "*" in one.dims:
            rows = [np.asarray(row, DTYPES[dtype][1]) for row in value]
            blocks = (block for row in rows for block in blocks_of(row))
            yield _Tensor(f"{one.name}:values", dtype, (sum(map(len, rows)),), blocks)
            yield _plain(f"{one.name}:offsets", "I64", row_offsets(value))
        elif one.dtype == "string":
            texts = [text.encode() for text in ([value] if isinstance(value, str) else value.tolist())]
            yield _plain(f"{one.name}:utf8", "U8", np.frombuffer(b"".join(texts), np.uint8))
            yield _plain(f"{one.name}:offsets", "I64", row_offsets(tuple(texts)))
        elif one.dtype == "complex128":
            yield _plain(f"{one.name}:real", "F64", np.asarray(value).real)
            yield _plain(f"{one.name}:imag", "F64", np.asarray(value).imag)
        else:
            yield _plain(one.name, dtype, value)


def _plain(name: str, dtype: str, value: Any) -> _Tensor:
    array = value if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype != DTYPES[dtype][1]:
        array = np.asarray(array).astype(DTYPES[dtype][1])
    return _Tensor(name, dtype, array.shape, blocks_of(array))
