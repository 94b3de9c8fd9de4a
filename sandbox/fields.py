"""Guest: from what a method returned to the tensors of its declared fields (docs/outcome-format.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sandbox.request import Field

FIXED_DIMENSIONS = {"xyz": 3, "cell": 6}


class ResultMismatchError(TypeError):
    """The method returned something else than it declares."""


def result_tensors(returned: Any, fields: Iterable[Field], n_frames: int | None) -> dict[str, np.ndarray]:
    """Return the tensors of all fields.

    Parameters
    ----------
    returned
        What the method gave: a mapping with exactly the declared fields.
    fields
        The declaration.
    n_frames
        Length of the dim `frame`; None where the method has no frames.

    Raises
    ------
    ResultMismatchError
        Naming the field, what was declared and what came.
    """
    fields = tuple(fields)
    if not isinstance(returned, Mapping):
        raise ResultMismatchError(f"the method returned {type(returned).__name__}, not a dict of its declared fields")
    if unknown := sorted(set(map(str, returned)) - {field.name for field in fields}):
        raise ResultMismatchError(
            f"the method returned {', '.join(map(repr, unknown))}, which method.toml does not declare"
        )
    lengths = dict(FIXED_DIMENSIONS)
    if n_frames is not None:
        lengths["frame"] = n_frames
    tensors: dict[str, np.ndarray] = {}
    for field in fields:
        value = returned.get(field.name)
        if value is not None:
            tensors |= _field_tensors(field, value, lengths)
        elif not field.optional:
            raise ResultMismatchError(f"the method returned no {field.name!r}, which is not optional")
    return tensors


def _field_tensors(field: Field, value: Any, lengths: dict[str, int]) -> dict[str, np.ndarray]:
    """Return the one or two tensors that spell a field."""
    if field.dims[-1:] == ("*",):
        rows = [_plain(field, row, 1) for row in value]
        _check_lengths(field, (len(rows),), lengths)
        values = np.concatenate(rows) if rows else np.empty(0, field.dtype)
        return {f"{field.name}:values": values, f"{field.name}:offsets": _borders(map(len, rows))}
    if field.dtype == "string":
        return _string_tensors(field, value, lengths)
    array = _plain(field, value, len(field.dims))
    _check_lengths(field, array.shape, lengths)
    if field.dtype == "complex128":
        return {f"{field.name}:real": array.real, f"{field.name}:imag": array.imag}
    return {field.name: array}


def _string_tensors(field: Field, value: Any, lengths: dict[str, int]) -> dict[str, np.ndarray]:
    """Return the bytes and the borders of one or of many texts."""
    texts = [value] if not field.dims else list(value)
    if not all(isinstance(text, str) for text in texts):
        raise ResultMismatchError(f"field {field.name!r} is declared as string and came as {_describe(value)}")
    if field.dims:
        _check_lengths(field, (len(texts),), lengths)
    encoded = [text.encode("utf-8", "replace") for text in texts]
    return {
        f"{field.name}:utf8": np.frombuffer(b"".join(encoded), np.uint8),
        f"{field.name}:offsets": _borders(map(len, encoded)),
    }


def _plain(field: Field, value: Any, dimensions: int) -> np.ndarray:
    """Return the value as an array of the declared dtype and number of dims; nothing may be lost on the way."""
    if np.ma.is_masked(value):
        raise ResultMismatchError(
            f"field {field.name!r} came with values under a mask, which numbers do not keep; fill them, with nan"
        )
    array = np.asarray(value)
    wanted = np.dtype(np.bool_ if field.dtype == "bool" else field.dtype)
    if array.size == 0 and array.dtype == np.float64:
        array = array.astype(wanted)  # an empty list has no dtype of its own
    if wanted.kind in "iu" and array.dtype.kind in "iu":
        limits = np.iinfo(wanted)
        fits = not array.size or (int(array.min()) >= limits.min and int(array.max()) <= limits.max)
    else:
        fits = array.dtype.kind in "biufc" and np.can_cast(array.dtype, wanted, "same_kind")
    if not fits or array.ndim != dimensions:
        raise ResultMismatchError(
            f"field {field.name!r} is declared as {field.dtype} with dims {list(field.dims)} and came as "
            f"{_describe(value)}"
        )
    return array.astype(wanted, copy=False)


def _check_lengths(field: Field, shape: tuple[int, ...], lengths: dict[str, int]) -> None:
    """Raise unless a dim has one length in all fields."""
    for dim, length in zip(field.dims, shape, strict=False):
        if lengths.setdefault(dim, length) != length:
            raise ResultMismatchError(
                f"field {field.name!r} has {length} along {dim!r}, where {lengths[dim]} are expected"
            )


def _borders(lengths: Iterable[int]) -> np.ndarray:
    """Return the n+1 borders of n rows."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def _describe(value: Any) -> str:
    """Return dtype and shape for a message."""
    array = np.asarray(value, dtype=object) if isinstance(value, (str, list, tuple)) else np.asarray(value)
    return f"{array.dtype if array.dtype != object else type(value).__name__} of shape {array.shape}"
