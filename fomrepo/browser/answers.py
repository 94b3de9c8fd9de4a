"""What a call gave: shown as plots, pictures and a table, and taken away as a file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from fomrepo.browser.answer_view import downloads_of
from fomrepo.browser.figures import figures_of, png_of
from fomrepo.browser.library import session_of
from fomrepo.browser.lines import line_plots, points_of
from fomrepo.browser.sessions import Session, Task, logged_in
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError

#: How long a request waits for a result that is nearly there, in seconds.
PATIENCE_S = 0.7


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
        headers = {"content-disposition": f'attachment; filename="{_stem(result)}-{name}.png"'}
        return Response(png_of(found, paper="white"), media_type="image/png", headers=headers)
    scheme = "dark" if query.get("scheme") == "dark" else "light"
    return Response(png_of(found, scheme, narrow="narrow" in query), media_type="image/png")


def download(request: Request) -> Response:
    """Give the result as a file."""
    result, suffix = _result(request), request.path_params["suffix"]
    if suffix not in downloads_of(result):
        raise ArgumentError(f"this {result.result_type} is not taken away as {suffix[:20]!r}")
    folder = tempfile.mkdtemp(prefix="fomrepo-download-")
    try:
        path = result.save(Path(folder) / f"result.{suffix}")
    except BaseException:
        shutil.rmtree(folder)
        raise
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=f"{_stem(result)}.{suffix}",
        background=BackgroundTask(shutil.rmtree, folder),
    )


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


def _stem(result: Result) -> str:
    return f"{result.method}-{result.operation[:8]}"
