"""Guest: a table: named columns of equal length, with units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Table:
    """What a method gets for a file of numbers in columns.

    Parameters
    ----------
    columns
        Name -> (row,) array: float64, int64 or str.
    units
        Name -> unit as the file states it; a column that is not in there has none that is known.
    time
        Name of the column that holds the time; None: there is none, or nobody knows which.

    Examples
    --------
    >>> table = Table({"time": np.array([0.0, 1.0]), "energy": np.array([-3.0, -4.0])}, {"time": "ps"}, time="time")
    >>> table.columns, len(table), table["energy"].mean(), table.units["time"]
    (('time', 'energy'), 2, np.float64(-3.5), 'ps')
    """

    def __init__(
        self, columns: Mapping[str, np.ndarray], units: Mapping[str, str] | None = None, *, time: str | None = None
    ) -> None:
        self._arrays = dict(columns)
        for array in self._arrays.values():
            array.setflags(write=False)
        self.columns = tuple(self._arrays)
        self.units = dict.fromkeys(self.columns, "") | dict(units or {})  # empty: not known
        self.time = time

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self._arrays.values()), ()))

    def __contains__(self, column: object) -> bool:
        """Whether there is a column of that name."""
        return column in self._arrays

    def __getitem__(self, column: str) -> np.ndarray:
        """Return one column, (row,), read-only.

        Raises
        ------
        KeyError
            There is none of that name; the message says which there are.
        """
        if column not in self._arrays:
            shown = ", ".join(map(repr, self.columns[:40])) + (" ..." if len(self.columns) > 40 else "")
            raise KeyError(f"there is no column {column!r}; there are {shown}")
        return self._arrays[column]

    def numeric(self) -> tuple[str, ...]:
        """Return the names of the columns that hold numbers."""
        return tuple(name for name, array in self._arrays.items() if array.dtype.kind in "if")
