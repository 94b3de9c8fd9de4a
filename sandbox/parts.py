"""Guest: runs that are cut into parts: which frames a part has, and what the fields of a part were before encoding."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sandbox.request import Field, Part


def part_of(indices: np.ndarray, part: Part) -> np.ndarray:
    """Return the frames of one part: consecutive in the caller's order, as many as in the others or one more."""
    borders = part_borders(len(indices), part.of)
    return indices[borders[part.number] : borders[part.number + 1]]


def part_borders(n_frames: int, parts: int) -> list[int]:
    """Return where the parts of so many frames begin, and where the last one ends."""
    return [n_frames * number // parts for number in range(parts + 1)]


def field_values(tensors: Mapping[str, np.ndarray], fields: Iterable[Field]) -> dict[str, Any]:
    """Return fields as a method returns them, out of the tensors that spell them.

    Returns
    -------
    dict
        By name: an array; a list of arrays where rows differ in length; a text, or a list of texts; None where an
        optional field is absent.
    """
    return {field.name: _value(field, tensors) for field in fields}


def _value(field: Field, tensors: Mapping[str, np.ndarray]) -> Any:
    """Return one field."""
    name = field.name
    if field.dims[-1:] == ("*",) and f"{name}:values" in tensors:
        return np.split(tensors[f"{name}:values"], tensors[f"{name}:offsets"][1:-1])
    if field.dtype == "string" and f"{name}:utf8" in tensors:
        content, borders = tensors[f"{name}:utf8"].tobytes(), tensors[f"{name}:offsets"].tolist()
        texts = [content[first:last].decode() for first, last in itertools.pairwise(borders)]
        return texts if field.dims else texts[0]
    if field.dtype == "complex128" and f"{name}:real" in tensors:
        return tensors[f"{name}:real"] + 1j * tensors[f"{name}:imag"]
    return tensors.get(name)
