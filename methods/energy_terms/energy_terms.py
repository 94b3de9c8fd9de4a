"""Guest: what a file of energies has."""

from __future__ import annotations

from typing import Any

from engine_logs import energies_of


def energy_terms(data: Any) -> dict[str, Any]:
    """List the terms of a table or a log.

    Parameters
    ----------
    data
        Table of energies, or a log.

    Returns
    -------
    dict
        `names`, `term_units`: (term,) str; `rows`: int; the first and the last time, in `time_unit`.
    """
    found = energies_of(data)
    names = [name for name in found.columns if name != found.time]
    has_times = found.time is not None and found.n_rows > 0
    return {
        "names": names,
        "term_units": [found.units.get(name, "") for name in names],
        "rows": found.n_rows,
        "first_time": float(found.columns[found.time][0]) if has_times else None,
        "last_time": float(found.columns[found.time][-1]) if has_times else None,
        "time_unit": found.units.get(found.time, "") if has_times else "",
    }
