"""How a result shows itself: as text, and in notebooks as a table with small pictures.

Texts come from depositors and methods: in HTML every one of them is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.fields import declared_fields
from fomrepo.client.results.pictures import small_picture
from fomrepo.model.methods import ResultField

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: Rows of a table that a notebook shows.
ROWS_SHOWN = 8
#: Texts of a field that are shown, and letters of each: one line, also of sequences.
ITEMS_SHOWN, TEXT_SHOWN = 6, 24
#: Dims of the bytes of a file, which are no numbers.
FILE = ("byte",)


def result_text(result: Result, fields: Mapping[str, Any]) -> str:
    """Type and method, then a line for each field: name, dtype, axes, unit, what is in it."""
    rows = list(_rows(result, fields))
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [f"{result.result_type} of {result.method} {result.version}"]
    return "\n".join(lines + [f"  {name:<{width}}  {kind}  {shown}" for name, kind, shown in rows])


def result_html(result: Result, fields: Mapping[str, Any]) -> str:
    """Table with a row for each field and a small picture of it; a Table is followed by its first rows."""
    title = html.escape(f"{result.result_type} of {result.method} {result.version}")
    rows = "".join(
        _row(name, kind, shown, picture="" if result.dims[name] == FILE else small_picture(fields[name]))
        for name, kind, shown in _rows(result, fields)
    )
    table = f"<table><caption>{title}</caption>{rows}</table>"
    return table + _first_rows(fields) if result.result_type == "Table" else table


def _rows(result: Result, fields: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in declared_fields(result.schema.result):
        value = fields[one.name]
        shown = f"{len(value):,} bytes" if one.dims == FILE and value is not None else _shown(value)
        yield one.name, _kind(one, result.units[one.name]), shown


def _kind(field: ResultField, unit: str) -> str:
    axes = f" ({', '.join(field.dims)})" if field.dims else ""
    return f"{field.dtype}{axes}" + (f", {unit}" if unit else "")


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "fiu":
        return f"{'x'.join(map(str, value.shape))}: {value.min():g} to {value.max():g}, mean {value.mean():g}"
    if isinstance(value, np.ndarray):
        first = [_shortened(str(one), TEXT_SHOWN) for one in value.reshape(-1)[:ITEMS_SHOWN]]
        more = ["..."] if value.size > ITEMS_SHOWN else []
        return f"{'x'.join(map(str, value.shape))}: {', '.join(first + more) or 'nothing'}"
    if isinstance(value, tuple):
        return f"{len(value)} rows"
    return _shortened(f"{value:g}" if isinstance(value, float) else str(value), 100)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _row(*cells: str, picture: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + f"<td>{picture}</td></tr>"


def _first_rows(fields: Mapping[str, Any]) -> str:
    columns = {name: value for name, value in fields.items() if isinstance(value, np.ndarray) and value.ndim == 1}
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(one))}</td>" for one in row) + "</tr>"
        for row in zip(*(value[:ROWS_SHOWN].astype(object) for value in columns.values()), strict=False)
    )
    return f"<table><tr>{heads}</tr>{body}</table>"
