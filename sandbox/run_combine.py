"""Guest: one result out of the parts of a run, as method.toml declares it or by the bundle's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sandbox.fields import ResultMismatchError, result_tensors
from sandbox.parts import field_values, part_borders
from sandbox.request import Field, MethodRequest

Tensors = Mapping[str, np.ndarray]


def combined(
    request: MethodRequest,
    parts: Sequence[Tensors],
    n_frames: int,
    own: Callable[[list[dict[str, Any]]], Any] | None,
) -> dict[str, np.ndarray]:
    """Return the tensors of the result.

    Parameters
    ----------
    request
        Declares the fields.
    parts
        Tensors of each part, in the order of the frames.
    n_frames
        Frames of all parts.
    own
        The bundle's function, applied to the fields of all parts; None where the fields say how they are combined.

    Raises
    ------
    ResultMismatchError
        The parts do not fit together, or the bundle's function returned something else than is declared.
    """
    if own is not None and request.partial is not None:
        returned = own([field_values(part, request.partial.fields) for part in parts])
    else:
        weights = np.diff(part_borders(n_frames, len(parts))) / n_frames
        values = [field_values(part, request.fields) for part in parts]
        returned = {
            field.name: _combine(field, [each[field.name] for each in values], weights) for field in request.fields
        }
    tensors = result_tensors(returned, request.fields, n_frames)
    if request.result_type == "TimeSeries":
        tensors |= {name: np.concatenate([part[name] for part in parts]) for name in ("frames", "times")}
    return tensors


def _combine(field: Field, values: Sequence[Any], weights: np.ndarray) -> Any:
    """Return one field of the result."""
    absent = [value is None for value in values]
    if all(absent) or (any(absent) and field.optional and field.combine):
        return None  # one pass over all frames would not have it either
    if any(absent):
        raise ResultMismatchError(f"field {field.name!r} came of some parts of the frames and not of others")
    if field.combine == "concat":
        if field.dtype == "string" or "*" in field.dims:
            return [row for rows in values for row in rows]
        return np.concatenate(values, axis=field.dims.index("frame") if "frame" in field.dims else 0)
    if field.combine in ("sum", "mean"):
        factors = weights if field.combine == "mean" else np.ones(len(values), np.int64)
        wide = [np.asarray(value, np.result_type(value, factors)) for value in values]
        if len({value.shape for value in wide}) > 1:
            raise ResultMismatchError(f"field {field.name!r} differs in shape between parts of the frames")
        return sum(value * factor for value, factor in zip(wide, factors, strict=True))
    if not all(_same(value, values[0]) for value in values):
        raise ResultMismatchError(
            f"field {field.name!r} differs between parts of the frames; say in method.toml how it is combined"
        )
    return values[0]


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same, not a number included."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, str):
        return bool(one == other)
    return one.shape == other.shape and one.tobytes() == other.tobytes()
