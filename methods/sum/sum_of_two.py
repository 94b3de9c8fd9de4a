"""Guest: the sum of two datasets, number by number."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The datasets cannot be added."""


def sum_of_two(first: Any, second: Any, *, column: str | None, second_column: str | None) -> dict[str, Any]:
    """Add two columns or arrays of equal shape.

    Parameters
    ----------
    first, second
        Tables with named columns, or arrays.
    column, second_column
        Names of the columns; None: the only one, or for the second file that of the first.

    Returns
    -------
    dict
        `sum`: (value,) float64, in the common unit; `column_unit`: str.
    """
    one, unit = _numbers(first, column, "first")
    other, other_unit = _numbers(second, second_column or column, "second")
    if one.shape != other.shape:
        raise ArgumentError(f"the first file has numbers of shape {one.shape}, the second of {other.shape}")
    if unit and other_unit and unit != other_unit:
        raise ArgumentError(f"the first column is in {unit}, the second in {other_unit}")
    total = one.astype(np.float64) + other.astype(np.float64)
    return {"sum": total.reshape(-1), "column_unit": unit or other_unit}


def _numbers(data: Any, name: str | None, which: str) -> tuple[np.ndarray, str]:
    if isinstance(data, np.ndarray):
        if data.dtype.kind not in "biuf":
            raise ArgumentError(f"the {which} array holds {data.dtype}, which cannot be added")
        return data, ""
    there = data.numeric()
    if name is None and len(there) == 1:
        name = there[0]
    if name not in there:
        asked = "column is needed" if name is None else f"there is no column of numbers {name!r}"
        raise ArgumentError(f"{asked} in the {which} file; there are {', '.join(there) or 'none'}")
    return data[name], data.units.get(name, "")
