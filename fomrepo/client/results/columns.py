"""A result as columns of equal length: what tables, pandas and CSV have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: Most columns that a field over two axes becomes.
COLUMN_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Fields that share their first axis."""

    #: Name of the axis; empty if no field has one.
    axis: str
    #: Fields over that axis alone, then those that have a second axis.
    single: Mapping[str, Any]
    double: Mapping[str, Any]
    #: For each field of ``double``: labels of its columns.
    labels: Mapping[str, list[Any]]
    #: Numbers and texts without an axis, and labels.
    beside: Mapping[str, Any]


def columns_of(result: Result) -> Columns:
    """Sort the fields of a result into columns.

    A field over a second axis becomes several columns; a field over that second axis alone is their labels.

    Raises
    ------
    ArgumentError
        If its fields share no axis, or one of them has more than two, or rows that differ in length.
    """
    fields = {name: value for name, value in result.to_dict().items() if value is not None}
    dims = {name: result.dims[name] for name in fields}
    doubles = [name for name in fields if len(dims[name]) == 2 and "*" not in dims[name]]
    second = {axis for name in doubles for axis in (dims[name][1], dims[name][1].removeprefix("other_"))}
    axis = _shared_axis(result, dims, doubles)
    single: dict[str, Any] = {}
    labels: dict[str, list[Any]] = {}
    beside: dict[str, Any] = {}
    for name, value in fields.items():
        if len(dims[name]) == 1 and dims[name][0] in second:
            labels.setdefault(dims[name][0], np.asarray(value).tolist())
        if dims[name] == (axis,):
            single[name] = value
        elif name in doubles and dims[name][0] == axis:
            continue
        elif not dims[name] or (len(dims[name]) == 1 and dims[name][0] in second):
            beside[name] = value
        else:
            raise ArgumentError(
                f"{name} ({', '.join(dims[name])}) is no column beside the others of this {result.result_type}",
                remedy="use to_xarray(), or the fields one by one",
            )
    double = {name: fields[name] for name in doubles}
    return Columns(axis, single, double, {name: _labels(dims[name], fields[name], labels) for name in doubles}, beside)


def _shared_axis(result: Result, dims: Mapping[str, tuple[str, ...]], doubles: list[str]) -> str:
    if result.result_type == "TimeSeries":
        return "frame"
    if doubles:
        return dims[doubles[0]][0]
    return next((one[0] for one in dims.values() if one), "")


def _labels(dims: tuple[str, ...], value: Any, labels: Mapping[str, list[Any]]) -> list[Any]:
    if value.shape[1] > COLUMN_LIMIT:
        raise ArgumentError(f"{value.shape[1]} columns are too many for a table", remedy="use to_xarray()")
    alike = labels.get(dims[1].removeprefix("other_"))  # NAME and other_NAME are the same things
    return ["x", "y", "z"] if dims[1] == "xyz" else labels.get(dims[1], alike or list(range(value.shape[1])))
