"""Guest: how often the numbers of a column fall into bins."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The data has no such column, or the edges are none."""


def histogram(data: Any, *, column: str | None, bins: int, lower: float | None, upper: float | None) -> dict[str, Any]:
    """Count the numbers of a column in bins of equal width.

    Parameters
    ----------
    data
        A table with named columns, or an array.
    column
        Name of the column; None: the only one.
    bins
        Number of bins.
    lower, upper
        Outermost edges; None: the smallest and the largest number.

    Returns
    -------
    dict
        `edges` (edge,) float64; `counts` (bin,) int64; `density` (bin,) float64; `outside` int; `column_unit` str.
    """
    values, unit = _column(data, column)
    values = values[~np.isnan(values)]
    if not len(values) and (lower is None or upper is None):
        raise ArgumentError("there is no number to take the edges from; give lower and upper")
    first = values.min() if lower is None else lower
    last = values.max() if upper is None else upper
    if lower is None and upper is None and first == last:  # all are equal: one bin's width around them
        first, last = first - 0.5, last + 0.5
    if not (np.isfinite([first, last]).all() and first < last):
        raise ArgumentError(f"lower={first:g} and upper={last:g} leave no room for bins; give lower < upper")
    counts, edges = np.histogram(values, bins=bins, range=(first, last))
    inside = int(counts.sum())
    density = counts / (inside * np.diff(edges)) if inside else np.zeros(bins)
    return {
        "edges": edges,
        "counts": counts.astype(np.int64),
        "density": density,
        "outside": len(values) - inside,
        "column_unit": unit,
    }


def _column(data: Any, name: str | None) -> tuple[np.ndarray, str]:
    if isinstance(data, np.ndarray):
        if data.dtype.kind not in "biuf":
            raise ArgumentError(f"the array holds {data.dtype}, which cannot be put in an order")
        return data.reshape(-1).astype(np.float64), ""
    there = data.numeric()
    if name is None and len(there) == 1:
        name = there[0]
    if name not in there:
        asked = "column is needed" if name is None else f"there is no column of numbers {name!r}"
        raise ArgumentError(f"{asked}; there are {', '.join(there) or 'none'}")
    return data[name].astype(np.float64), data.units.get(name, "")
