"""Guest: energies over time."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArgumentError(Exception):
    """The file has no such term, or nothing at these times."""


def energy(data: Any, *, terms: list[str] | None, begin: float | None, end: float | None) -> dict[str, Any]:
    """Take terms of a table between two times.

    Parameters
    ----------
    data
        Table of energies.
    terms
        Names of columns of numbers; None: all but that of the times.
    begin, end
        First and last time, both inclusive, in the unit of the file; None: no bound.

    Returns
    -------
    dict
        `energies`: (row, term) float64, each term in its own of `term_units`; `row_times`: (row,) in `time_unit`.
    """
    there = [name for name in data.numeric() if name != data.time]
    chosen = there if terms is None else terms
    if unknown := [name for name in chosen if name not in there]:
        raise ArgumentError(f"there is no term {unknown[0]!r}; there are {', '.join(there) or 'none'}")
    if not chosen:
        raise ArgumentError("the file has no column of numbers besides its times")
    times = None if data.time is None else data[data.time].astype(np.float64)
    rows = _rows_between(times, len(data), begin, end)
    return {
        "names": chosen,
        "term_units": [data.units[name] for name in chosen],
        "energies": np.stack([data[name][rows].astype(np.float64) for name in chosen], axis=1),
        "row_times": None if times is None else times[rows],
        "time_unit": "" if data.time is None else data.units[data.time],
    }


def _rows_between(times: np.ndarray | None, n_rows: int, begin: float | None, end: float | None) -> np.ndarray:
    """Return the indices of the rows whose times are within the bounds."""
    if begin is None and end is None:
        return np.arange(n_rows)
    if times is None:
        raise ArgumentError("the file has no column of times; leave out begin and end")
    inside = (times >= (-np.inf if begin is None else begin)) & (times <= (np.inf if end is None else end))
    if not inside.any():
        has = f"has times from {times[0]:g} to {times[-1]:g}" if n_rows else "is empty"
        raise ArgumentError(f"no row lies between begin={begin} and end={end}; the file {has}")
    return np.flatnonzero(inside)
