"""Statistics of what is published, in the form of BioSimGrid's tables."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fomrepo.browser.catalogue import FACETS
from fomrepo.browser.listed import Listed

#: Facets that are counted.
COUNTED = ("system", "engine", "force_field", "water", "ensemble", "file_type", "licence", "site")


def statistics_view(records: Sequence[Listed]) -> dict[str, Any]:
    """Count what is published.

    Returns
    -------
    dict
        ``table``: rows with ``quantity``, ``total``, ``average``, ``median`` and ``unit``, None where a number means
        nothing; ``categories``: counts by facet, the most frequent first.
    """
    runs = [one for record in records for one in record.trajectories]
    return {
        "table": [
            _row("Records", [1.0 for _ in records], "", only_total=True),
            _row("Trajectories", [1.0 for _ in runs], "", only_total=True),
            _row("Simulated time", [one.length_ps / 1000.0 for one in runs if one.length_ps is not None], "ns"),
            _row("Frames", [float(one.n_frames) for one in runs], ""),
            _row("Residues", [float(one.n_residues) for one in runs if one.n_residues is not None], ""),
            _row("Atoms", [float(one.n_atoms) for one in runs], ""),
            _row("Size of a record", [record.size / 1e9 for record in records], "GB"),
        ],
        "categories": {
            FACETS[name]: Counter(value for one in records for value in one.facets.get(name, ())).most_common()
            for name in COUNTED
        },
    }


def as_csv(view: dict[str, Any]) -> str:
    """Spell the tables as CSV: first the numbers, then the counts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["quantity", "total", "average", "median", "unit"])
    for row in view["table"]:
        writer.writerow([row[name] for name in ("quantity", "total", "average", "median", "unit")])
    writer.writerow([])
    writer.writerow(["category", "value", "records"])
    for name, counts in view["categories"].items():
        writer.writerows([name, _cell(value), number] for value, number in counts)
    return out.getvalue()


def _row(quantity: str, numbers: Iterable[float], unit: str, *, only_total: bool = False) -> dict[str, Any]:
    found = list(numbers)
    some = bool(found) and not only_total
    return {
        "quantity": quantity,
        "total": sum(found),
        "average": statistics.fmean(found) if some else None,
        "median": statistics.median(found) if some else None,
        "unit": unit,
    }


def _cell(text: str) -> str:
    """Return a text that spreadsheets take for text, not for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
