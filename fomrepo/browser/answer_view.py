"""What pages show of a result: its plots, its pictures, its first rows, and what is in each field."""

from __future__ import annotations

from math import prod
from pathlib import PurePath
from typing import Any

import numpy as np

from fomrepo.browser.figures import figures_of
from fomrepo.browser.lines import line_plots
from fomrepo.client.results.columns import columns_of
from fomrepo.client.results.pictures import PICTURES
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError

#: Formats in which a result can be taken away, beside pictures.
DOWNLOADS = ("csv", "nc", "json", "npz", "safetensors")
#: Values of a field, rows and columns of a table that the page shows, and characters of a text.
VALUES_LIMIT, ROWS_LIMIT, COLUMNS_LIMIT, TEXT_LIMIT = 12, 12, 12, 2_000


def answer_view(result: Result) -> dict[str, Any]:
    """Tell all that a page shows of a result."""
    return {
        "result": result,
        "plots": list(range(len(line_plots(result)))),
        "figures": figures_of(result),
        "fields": _fields(result),
        "table": table_of(result),
        "downloads": downloads_of(result),
    }


def table_of(result: Result) -> dict[str, Any] | None:
    """First rows of a result whose fields are columns; None where they are not."""
    try:
        columns = columns_of(result)
    except ArgumentError:
        return None
    if not columns.axis:
        return None
    heads, values = [], []
    for name, value in columns.single.items():
        heads.append((name, result.units[name]))
        values.append(np.asarray(value[:ROWS_LIMIT]))
    for name, value in columns.double.items():
        block = np.asarray(value[:ROWS_LIMIT])
        heads += [(f"{name} {label}", result.units[name]) for label in columns.labels[name]]
        values += list(block.T)
    length = len(next(iter([*columns.single.values(), *columns.double.values()])))
    return {
        "heads": heads[:COLUMNS_LIMIT],
        "rows": [
            [_shown(one) for one in row] for row in zip(*(one.tolist() for one in values[:COLUMNS_LIMIT]), strict=True)
        ],
        "more_rows": max(0, length - ROWS_LIMIT),
        "more_columns": max(0, len(heads) - COLUMNS_LIMIT),
    }


def _fields(result: Result) -> list[dict[str, Any]]:
    """What the page shows of each field: its shape, and its first values."""
    docs = {one.name: one.doc for one in result.schema.result.fields}
    found = []
    for name, value in result.to_dict().items():
        if value is None:
            continue
        shape = (len(value),) if isinstance(value, tuple) else getattr(value, "shape", ())
        first = _first(value)
        text = ", ".join(map(_shown, first)) + (" …" if prod(shape) > len(first) else "")
        axes = ", ".join(f"{dim} {size}" for dim, size in zip(result.dims[name], shape, strict=False))
        found.append({"name": name, "unit": result.units[name], "axes": axes, "text": text, "doc": docs.get(name, "")})
    return found


def _first(value: Any) -> list[Any]:
    """First values of a field, without fetching the others; of rows that differ in length those of the first row."""
    if isinstance(value, tuple):
        return _first(value[0]) if value else []
    if not getattr(value, "ndim", 0):
        return [value]
    rows = -(-VALUES_LIMIT // max(1, prod(value.shape[1:])))
    first: list[Any] = np.asarray(value[:rows]).ravel()[:VALUES_LIMIT].tolist()
    return first


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:TEXT_LIMIT]


def downloads_of(result: Result) -> list[str]:
    """Formats that the result fits into."""
    if result.result_type == "FileRef":  # it is a file already, of whatever kind
        suffix = PurePath(result.file_name).suffix[1:]
        return [suffix if suffix.isalnum() and suffix.isascii() else "bin"]
    own = ["pdb"] if result.result_type == "Structure" else []
    if result.result_type == "Figure":
        own = [suffix[1:] for suffix, kind in PICTURES.items() if kind == result.media_type]
    try:
        columns_of(result)
    except ArgumentError:
        return [*own, *(one for one in DOWNLOADS if one != "csv")]
    return [*own, *DOWNLOADS]
