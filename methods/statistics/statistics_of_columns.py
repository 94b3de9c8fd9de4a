"""Guest: what is usually told of columns of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

QUANTILES = {"minimum": 0.0, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "maximum": 1.0}


class ArgumentError(Exception):
    """The data has no such column, or none of numbers."""


def statistics(data: Any, *, columns: list[str] | None, blocks: int) -> dict[str, Any]:
    """Describe each column.

    Parameters
    ----------
    data
        A table with named columns, or an array, which counts as one column called values.
    columns
        Names of columns; None: all of numbers.
    blocks
        Number of consecutive blocks for the error of the mean.

    Returns
    -------
    dict
        Names and units (column,) str; count (column,) int64; all else (column,) float64 in the unit of the column.
    """
    found = _columns(data)
    chosen = list(found) if columns is None else columns
    if unknown := [name for name in chosen if name not in found]:
        raise ArgumentError(f"there is no column of numbers {unknown[0]!r}; there are {', '.join(found) or 'none'}")
    if not chosen:
        raise ArgumentError("the table has no column of numbers")
    numbers = [values[~np.isnan(values)] for values in (found[name].astype(np.float64) for name in chosen)]
    if empty := [name for name, values in zip(chosen, numbers, strict=True) if not len(values)]:
        raise ArgumentError(f"the column {empty[0]!r} holds no number; leave it out of columns")
    units = getattr(data, "units", {})
    return {
        "names": chosen,
        "column_units": [units.get(name, "") for name in chosen],
        "count": np.array([len(values) for values in numbers], np.int64),
        "mean": np.array([values.mean() for values in numbers]),
        "standard_deviation": np.array([_deviation(values) for values in numbers]),
        "standard_error": np.array([_error_of_mean(values, blocks) for values in numbers]),
        **{name: np.array([np.quantile(values, q) for values in numbers]) for name, q in QUANTILES.items()},
    }


def _columns(data: Any) -> dict[str, np.ndarray]:
    if not isinstance(data, np.ndarray):
        return {name: data[name] for name in data.numeric()}
    return {"values": data.reshape(-1)} if data.dtype.kind in "biuf" else {}


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _error_of_mean(values: np.ndarray, blocks: int) -> float:
    """Deviation of the means of blocks by the root of their number; rows that are left over at the end are not used."""
    length = len(values) // blocks
    if length == 0:
        return float("nan")
    means = values[: blocks * length].reshape(blocks, length).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(blocks))
