"""How a result shows itself: as text, and in notebooks as a table with small pictures, made without matplotlib.

Texts come from depositors and methods: in HTML every one of them is escaped, and pictures are made of numbers alone.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fomrepo.client.results.fields import declared_fields
from fomrepo.model.methods import ResultField

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: Width and height of a small curve, in pixels, and the most points that it has.
CURVE_SIZE = (180, 30)
#: Most rows and columns of a small picture of a matrix.
PICTURE_CELLS = 90
#: Rows of a table that a notebook shows.
ROWS_SHOWN = 8


def result_text(result: Result) -> str:
    """Type and method, then a line for each field: name, dtype, axes, unit, what is in it."""
    rows = list(_rows(result))
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [f"{result.result_type} of {result.method} {result.version}"]
    return "\n".join(lines + [f"  {name:<{width}}  {kind}  {shown}" for name, kind, shown in rows])


def result_html(result: Result) -> str:
    """Table with a row for each field and a small picture of it; a Table is followed by its first rows."""
    title = html.escape(f"{result.result_type} of {result.method} {result.version}")
    fields = result.to_dict()
    rows = "".join(_row(name, kind, shown, picture=_picture(fields[name])) for name, kind, shown in _rows(result))
    table = f"<table><caption>{title}</caption>{rows}</table>"
    return table + _first_rows(fields) if result.result_type == "Table" else table


def _rows(result: Result) -> Iterator[tuple[str, str, str]]:
    fields = result.to_dict()
    for one in declared_fields(result.schema.result):
        yield one.name, _kind(one, result.units[one.name]), _shown(fields[one.name])


def _kind(field: ResultField, unit: str) -> str:
    axes = f" ({', '.join(field.dims)})" if field.dims else ""
    return f"{field.dtype}{axes}" + (f", {unit}" if unit else "")


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "fiu":
        return f"{'x'.join(map(str, value.shape))}: {value.min():g} to {value.max():g}, mean {value.mean():g}"
    if isinstance(value, np.ndarray):
        return f"{'x'.join(map(str, value.shape))}: {np.array2string(value.reshape(-1)[:6], separator=', ')}"
    if isinstance(value, tuple):
        return f"{len(value)} rows"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _row(*cells: str, picture: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + f"<td>{picture}</td></tr>"


def _first_rows(fields: dict[str, Any]) -> str:
    columns = {name: value for name, value in fields.items() if isinstance(value, np.ndarray) and value.ndim == 1}
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(one))}</td>" for one in row) + "</tr>"
        for row in zip(*(value[:ROWS_SHOWN].astype(object) for value in columns.values()), strict=False)
    )
    return f"<table><tr>{heads}</tr>{body}</table>"


def _picture(value: Any) -> str:
    """Small picture of a curve or of a matrix; empty for everything else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        if value.ndim == 1 and value.size > 1:
            return _curve(value)
        if value.ndim == 2 and min(value.shape) > 3:
            return _grey_picture(value)
    return ""


def _curve(values: npt.NDArray[Any]) -> str:
    width, height = CURVE_SIZE
    chosen = values[np.linspace(0, values.size - 1, min(values.size, width)).astype(np.int64)].astype(np.float64)
    x = np.linspace(1, width - 1, chosen.size)
    y = height - 1 - (height - 2) * _from_0_to_1(chosen)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<polyline fill="none" stroke="currentColor" points="{points}"/></svg>'
    )


def _grey_picture(values: npt.NDArray[Any]) -> str:
    steps = [-(-size // PICTURE_CELLS) for size in values.shape]
    cells = _from_0_to_1(values[:: steps[0], :: steps[1]].astype(np.float64))
    source = base64.b64encode(grey_png(np.nan_to_num(255 * (1 - cells), nan=255.0).astype(np.uint8))).decode()
    return f'<img src="data:image/png;base64,{source}" height="{PICTURE_CELLS}" style="image-rendering:pixelated">'


def _from_0_to_1(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    scaled = (values - low) / (high - low) if high > low else np.where(np.isfinite(values), 0.5, np.nan)
    return np.where(np.isfinite(values), scaled, np.nan)


def grey_png(levels: npt.NDArray[np.uint8]) -> bytes:
    """Write grey levels (row, column) as a PNG (W3C PNG, third edition: signature, IHDR, IDAT, IEND)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows, columns = levels.shape
    lines = np.hstack([np.zeros((rows, 1), np.uint8), levels]).tobytes()  # each line begins with its filter: none
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
