"""Guest: energies over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from engine_logs import energies_of


class ArgumentError(Exception):
    """The file has no such term, or nothing at these times."""


def energy(data: Any, *, terms: list[str] | None, begin: float | None, end: float | None) -> dict[str, Any]:
    """Take terms of a table or a log between two times.

    Parameters
    ----------
    data
        Table of energies, or a log.
    terms
        Names of columns of numbers; None: all but that of the times.
    begin, end
        First and last time, both inclusive, in the unit of the file; None: no bound.

    Returns
    -------
    dict
        `energies`: (row, term) float64, each term in its own of `term_units`; `row_times`: (row,) in `time_unit`.
    """
    found = energies_of(data)
    there = [name for name in found.columns if name != found.time]
    chosen = there if terms is None else terms
    if unknown := [name for name in chosen if name not in there]:
        raise ArgumentError(f"there is no term {unknown[0]!r}; there are {', '.join(there) or 'none'}")
    if not chosen:
        raise ArgumentError("the file has no numbers over time")
    times = None if found.time is None else found.columns[found.time].astype(np.float64)
    rows = _rows_between(times, found.n_rows, begin, end)
    return {
        "names": chosen,
        "term_units": [found.units.get(name, "") for name in chosen],
        "energies": np.stack([found.columns[name][rows].astype(np.float64) for name in chosen], axis=1),
        "row_times": None if times is None else times[rows],
        "time_unit": "" if found.time is None else found.units.get(found.time, ""),
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
