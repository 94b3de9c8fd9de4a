"""Guest: whether whole numbers are even or odd."""

from __future__ import annotations

from typing import Any

import numpy as np

EXACT = 2.0**53  # floats beyond this stand for even numbers only


class ArgumentError(Exception):
    """The data has no such column, or one that holds no whole numbers."""


def parity(data: Any, *, column: str | None) -> dict[str, np.ndarray]:
    """Map each number to 0 or 1.

    Parameters
    ----------
    data
        A table with named columns, or an array.
    column
        Name of the column; None: the only one.

    Returns
    -------
    dict
        `parity`: (value,) uint8.
    """
    values = data.reshape(-1) if isinstance(data, np.ndarray) else _column(data, column)
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (np.abs(values) <= EXACT)
        whole &= np.where(whole, values, 0.5) == np.round(np.where(whole, values, 0.5))
        if not whole.all():
            row = int(np.flatnonzero(~whole)[0])
            raise ArgumentError(f"row {row} holds {values[row]:g}, which is no whole number")
        values = values.astype(np.int64)
    if values.dtype.kind not in "biu":
        raise ArgumentError(f"the data holds {values.dtype}; only whole numbers are even or odd")
    return {"parity": (values & 1).astype(np.uint8)}


def _column(data: Any, name: str | None) -> np.ndarray:
    there = data.numeric()
    if name is None and len(there) == 1:
        name = there[0]
    if name not in there:
        asked = "column is needed" if name is None else f"there is no column of numbers {name!r}"
        raise ArgumentError(f"{asked}; there are {', '.join(there) or 'none'}")
    values: np.ndarray = data[name]
    return values
