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
    #: Names of fields over other axes, where only one was wanted.
    left_out: tuple[str, ...] = ()


def columns_of(result: Result, over: str = "") -> Columns:
    """Sort the fields of a result into columns.

    A field over a second axis becomes several columns; a field over that second axis alone is their labels.

    Parameters
    ----------
    result
        With fields over any axes.
    over
        The axis of the rows: fields over others are left out. Empty: there has to be one that all share.

    Raises
    ------
    ArgumentError
        If its fields share no axis, or one of them has more than two, or rows that differ in length; or if none lies
        over the wanted one.
    """
    fields = {name: value for name, value in result.to_dict().items() if value is not None}
    dims = {name: result.dims[name] for name in fields}
    doubles = [name for name in fields if len(dims[name]) == 2 and "*" not in dims[name]]
    doubles = [name for name in doubles if dims[name][0] == over or not over]
    second = {axis for name in doubles for axis in (dims[name][1], dims[name][1].removeprefix("other_"))}
    axis = over or _shared_axis(result, dims, doubles)
    single: dict[str, Any] = {}
    labels: dict[str, list[Any]] = {}
    beside: dict[str, Any] = {}
    left_out: list[str] = []
    for name, value in fields.items():
        if len(dims[name]) == 1 and dims[name][0] in second:
            labels.setdefault(dims[name][0], np.asarray(value).tolist())
        if dims[name] == (axis,):
            single[name] = value
        elif name in doubles and dims[name][0] == axis:
            continue
        elif not dims[name] or (len(dims[name]) == 1 and dims[name][0] in second):
            beside[name] = value
        elif over:
            left_out.append(name)
        else:
            raise ArgumentError(
                f"{name} ({', '.join(dims[name])}) is no column beside the others of this {result.result_type}",
                remedy=f"use to_xarray(), or to_pandas() over one axis: {_axes(dims)}",
            )
    if over and not (single.keys() - {"frames", "times"} or doubles):
        raise ArgumentError(
            f"this {result.result_type} has no columns over {over!r}",
            remedy=f"use to_xarray(), or to_pandas() over another axis: {_axes(dims)}",
        )
    double = {name: fields[name] for name in doubles}
    return Columns(
        axis,
        single,
        double,
        {name: _labels(dims[name], fields[name], labels) for name in doubles},
        beside,
        tuple(left_out),
    )


def _axes(dims: Mapping[str, tuple[str, ...]]) -> str:
    """Name the axes over which there are columns."""
    found = {one[0]: None for one in dims.values() if len(one) in (1, 2) and "*" not in one}
    return ", ".join(map(repr, found)) or "it has none"


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
