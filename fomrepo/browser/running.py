"""Run a method from a form, look on, and take the result away. All of it needs somebody who is logged in."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from fomrepo.browser import views
from fomrepo.browser.library import session_of
from fomrepo.browser.moving import line_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import Session, Task, logged_in
from fomrepo.browser.snippets import Asked, command_of, python_of, read_arguments
from fomrepo.client.operation import OperationFuture
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.result import Result
from fomrepo.errors import ConflictError, FomrepoError, NotFoundError
from fomrepo.model.methods import MethodSchema

#: Formats in which a result can be taken away.
DOWNLOADS = ("csv", "json", "nc", "npz", "safetensors")
#: Values of a field that the page shows, and characters of a text.
ROWS_LIMIT, TEXT_LIMIT = 20, 2_000
#: How long a page waits for a short run, in seconds, before it shows progress.
PATIENCE_S = 0.7


def ask_arguments(request: Request) -> Response:
    """Show the form of a method."""
    session = session_of(request)
    if session is None:
        return RedirectResponse(f"/login?{urlencode({'onward': request.url.path})}", status_code=303)
    file, schema = _chosen(session, request)
    return _form(request, file, schema, {}, "")


async def run(request: Request) -> Response:
    """Take the form, and send the call."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    return await run_in_threadpool(_run, request, session, form)


def operation(request: Request) -> Response:
    """Show how far a call is, or what it gave."""
    session = logged_in(session_of(request))
    task = _task(session, request)
    told: dict[str, Any] = {"task": task, "progress": _progress(task.future), "result": None, "failure": None}
    if task.future.done():
        try:
            result = task.future.result()
        except FomrepoError as error:
            told["failure"] = error
        else:
            told |= {"result": result, "fields": _fields(result), "downloads": _downloads(result)}
    if task.asked is not None:
        told |= {"python": python_of(task.asked), "command": command_of(task.asked)}
    return page(request, "operation.html", **told)


def state(request: Request) -> Response:
    """Show the progress alone; once the call has ended, tell the page to load anew."""
    task = _task(logged_in(session_of(request)), request)
    headers = {"hx-refresh": "true"} if task.future.done() else {}
    answer = page(request, "progress.html", task=task, progress=_progress(task.future))
    answer.headers.update(headers)
    return answer


async def cancel(request: Request) -> Response:
    """End a call."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    task = await run_in_threadpool(_task, session, request)
    await run_in_threadpool(task.future.cancel)
    return RedirectResponse(f"/operations/{task.future.operation}", status_code=303)


def line(request: Request) -> Response:
    """Points of a result over time."""
    result = _result(request)
    if result.result_type != "TimeSeries":
        raise NotFoundError(f"a {result.result_type} is no line over time")
    return JSONResponse(line_of(result))


def download(request: Request) -> Response:
    """Give the result as a file."""
    result, suffix = _result(request), request.path_params["suffix"]
    with tempfile.TemporaryDirectory() as folder:
        content = result.save(Path(folder) / f"result.{suffix}").read_bytes()
    name = f"{result.method}-{result.operation[:8]}.{suffix}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _run(request: Request, session: Session, form: dict[str, str]) -> Response:
    file, schema = _chosen(session, request)
    try:
        names = tuple(form.get(f"file-{name}", "").strip() for name, _ in schema.inputs[1:])
        arguments = read_arguments(schema, form)
        others = [session.repo.file(one) for one in names]
        future = file.submit[schema.name, schema.version](*others, **arguments)
    except FomrepoError as error:
        return _form(request, file, schema, form, error.message, status=400)
    asked = Asked(file.record.versioned, file.name, schema.name, schema.version, names, arguments)
    session.keep(Task(future, asked))
    with contextlib.suppress(TimeoutError, FomrepoError):
        future.exception(timeout=PATIENCE_S)
    return RedirectResponse(f"/operations/{quote(future.operation)}", status_code=303)


def _form(
    request: Request, file: RemoteFile, schema: MethodSchema, form: dict[str, str], message: str, status: int = 200
) -> Response:
    parameters = [views.parameter_view(one) for one in schema.parameters]
    return page(
        request, "run.html", status=status, file=file, schema=schema, parameters=parameters, form=form, message=message
    )


def _chosen(session: Session, request: Request) -> tuple[RemoteFile, MethodSchema]:
    record = views.readable_record(session.repo, request.path_params["name"], visitor=False)
    file: RemoteFile = record[request.path_params["file"]]
    return file, file.methods.find(request.path_params["method"])[0].schema


def _task(session: Session, request: Request) -> Task:
    """Call of an address: one of this session, or an earlier one of the same person."""
    name = request.path_params["operation"]
    known = session.tasks.get(name)
    if known is None:
        known = session.keep(Task(session.repo.operation(name), None))
    return known


def _result(request: Request) -> Result:
    future = _task(logged_in(session_of(request)), request).future
    try:
        found: Result = future.result(timeout=PATIENCE_S)
    except TimeoutError:
        raise ConflictError(f"{future.operation} is still under way") from None
    return found


def _progress(future: OperationFuture[Result]) -> dict[str, Any]:
    done, total = (0, 0) if future.done() else future.progress
    return {"state": future.state.value, "site": future.site, "done": done, "total": total, "ended": future.done()}


def _fields(result: Result) -> list[dict[str, Any]]:
    """What the page shows of each field: its shape, and its first values."""
    found = []
    for name, value in result.to_dict().items():
        array = np.asarray(value[0] if isinstance(value, tuple) else value)  # rows that differ in length: their values
        first = [value] if not array.shape else array.ravel()[:ROWS_LIMIT].tolist()
        text = ", ".join(f"{one:.6g}" if isinstance(one, float) else str(one)[:TEXT_LIMIT] for one in first)
        more = " …" if array.size > ROWS_LIMIT else ""
        found.append({"name": name, "unit": result.units[name], "shape": array.shape, "text": text + more})
    return found


def _downloads(result: Result) -> tuple[str, ...]:
    """Formats that the result fits into."""
    extra = {"Structure": ("pdb",), "FileRef": (), "Figure": ()}.get(result.result_type, ())
    return (*extra, *DOWNLOADS)
