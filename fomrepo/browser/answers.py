"""What a call gave: shown as plots, pictures and a table, and taken away as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fomrepo.browser.figures import figures_of, png_of
from fomrepo.browser.library import session_of
from fomrepo.browser.lines import line_plots, points_of
from fomrepo.browser.sessions import Session, Task, logged_in
from fomrepo.client.results.columns import columns_of
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError

#: Formats in which a result can be taken away, beside pictures.
DOWNLOADS = ("csv", "nc", "json", "npz", "safetensors")
#: Values of a field, rows and columns of a table that the page shows, and characters of a text.
VALUES_LIMIT, ROWS_LIMIT, COLUMNS_LIMIT, TEXT_LIMIT = 12, 12, 12, 2_000
#: How long a request waits for a result that is nearly there, in seconds.
PATIENCE_S = 0.7


def answer_view(result: Result) -> dict[str, Any]:
    """Tell all that a page shows of a result."""
    return {
        "result": result,
        "plots": list(range(len(line_plots(result)))),
        "figures": figures_of(result),
        "fields": _fields(result),
        "table": table_of(result),
        "downloads": _downloads(result),
    }


def line(request: Request) -> Response:
    """Points of one plot."""
    result = _result(request)
    plots = line_plots(result)
    number = request.query_params.get("plot", "0")
    if not number.isdecimal() or int(number) >= len(plots):
        raise NotFoundError(f"this {result.result_type} has no such line")
    return JSONResponse(points_of(result, plots[int(number)]))


def figure(request: Request) -> Response:
    """Give a picture as PNG; to be taken away it has paper of its own."""
    result = _result(request)
    name, query = request.path_params["figure"], request.query_params
    found = next((one for one in figures_of(result) if one.name == name), None)
    if found is None:
        raise NotFoundError(f"this {result.result_type} has no such picture")
    if "download" in query:
        return _file(png_of(found, paper="white"), f"{_stem(result)}-{name}.png", "image/png")
    return Response(png_of(found, "dark" if query.get("scheme") == "dark" else "light"), media_type="image/png")


def download(request: Request) -> Response:
    """Give the result as a file."""
    result, suffix = _result(request), request.path_params["suffix"]
    with tempfile.TemporaryDirectory() as folder:
        content = result.save(Path(folder) / f"result.{suffix}").read_bytes()
    return _file(content, f"{_stem(result)}.{suffix}", "application/octet-stream")


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


def task_of(session: Session, request: Request) -> Task:
    """Call of an address: one of this session, or another one of the same person."""
    name = request.path_params["operation"]
    known = session.tasks.get(name)
    return session.keep(Task(session.repo.operation(name), None)) if known is None else known


def _result(request: Request) -> Result:
    future = task_of(logged_in(session_of(request)), request).future
    try:
        found: Result = future.result(timeout=PATIENCE_S)
    except TimeoutError:
        raise ConflictError(f"{future.operation} is still under way") from None
    return found


def _fields(result: Result) -> list[dict[str, Any]]:
    """What the page shows of each field: its shape, and its first values."""
    docs = {one.name: one.doc for one in result.schema.result.fields}
    found = []
    for name, value in result.to_dict().items():
        if value is None:
            continue
        array = np.asarray(value[0] if isinstance(value, tuple) and value else value)  # of rows that differ the first
        first = [value] if not array.shape else array.ravel()[:VALUES_LIMIT].tolist()
        text = ", ".join(_shown(one) for one in first) + (" …" if array.size > VALUES_LIMIT else "")
        axes = ", ".join(f"{dim} {size}" for dim, size in zip(result.dims[name], array.shape, strict=False))
        found.append({"name": name, "unit": result.units[name], "axes": axes, "text": text, "doc": docs.get(name, "")})
    return found


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:TEXT_LIMIT]


def _downloads(result: Result) -> list[str]:
    """Formats that the result fits into."""
    own = ["pdb"] if result.result_type == "Structure" else []
    try:
        columns_of(result)
    except ArgumentError:
        return [*own, *(one for one in DOWNLOADS if one != "csv")]
    return [*own, *DOWNLOADS]


def _stem(result: Result) -> str:
    return f"{result.method}-{result.operation[:8]}"


def _file(content: bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
