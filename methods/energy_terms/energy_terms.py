"""Guest: what a file of energies has."""

from __future__ import annotations

from typing import Any


def energy_terms(data: Any) -> dict[str, Any]:
    """List the terms of a table with a column of times.

    Parameters
    ----------
    data
        Table of energies.

    Returns
    -------
    dict
        `names`, `term_units`: (term,) str; `rows`: int; the first and the last time, in `time_unit`.
    """
    names = [name for name in data.numeric() if name != data.time]
    has_times = data.time is not None and len(data) > 0
    return {
        "names": names,
        "term_units": [data.units[name] for name in names],
        "rows": len(data),
        "first_time": float(data[data.time][0]) if has_times else None,
        "last_time": float(data[data.time][-1]) if has_times else None,
        "time_unit": data.units[data.time] if has_times else "",
    }
