"""Run a method from a form, and look on until it has ended. All of it needs somebody who is logged in."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import CancelledError
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser import views
from fomrepo.browser.answer_view import answer_view
from fomrepo.browser.answers import PATIENCE_S, task_of
from fomrepo.browser.library import session_of
from fomrepo.browser.method_view import parameter_view
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import Session, Task, logged_in
from fomrepo.browser.snippets import Asked, command_of, found_command, found_python, python_of, read_arguments
from fomrepo.client.remote_file import RemoteFile
from fomrepo.errors import FomrepoError
from fomrepo.model.methods import MethodSchema


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


def find_operation(request: Request) -> Response:
    """Lead to a call whose id somebody typed, wherever it was made."""
    logged_in(session_of(request))
    wanted = quote(request.query_params.get("id", "").strip(), safe="")
    return RedirectResponse(f"/operations/{wanted or '-'}", status_code=303)


def operation(request: Request) -> Response:
    """Show how far a call is, or what it gave."""
    task = task_of(logged_in(session_of(request)), request)
    if task.asked is None:
        python, command = found_python(task.future.operation), found_command(task.future.operation)
    else:
        python, command = python_of(task.asked), command_of(task.asked)
    return page(request, "operation.html", task=task, python=python, command=command, **_told(task))


def state(request: Request) -> Response:
    """Show the progress alone; once the call has ended, what it gave takes the place of it."""
    task = task_of(logged_in(session_of(request)), request)
    told = _told(task)
    answer = page(request, "answer.html" if told["progress"]["ended"] else "progress.html", task=task, **told)
    if told["progress"]["ended"]:
        answer.headers.update({"hx-retarget": "#answer", "hx-reswap": "outerHTML"})
    return answer


async def cancel(request: Request) -> Response:
    """End a call."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    task = await run_in_threadpool(task_of, session, request)
    await run_in_threadpool(task.future.cancel)
    return RedirectResponse(f"/operations/{task.future.operation}", status_code=303)


def _run(request: Request, session: Session, form: dict[str, str]) -> Response:
    file, schema = _chosen(session, request)
    try:
        names = tuple(form.get(f"file-{name}", "").strip() for name, _ in schema.inputs[1:])
        arguments = read_arguments(schema, form)
        others = [session.repo.file(one) for one in names]
        future = file.submit[schema.name, schema.version](*others, **arguments)
    except FomrepoError as error:
        return _form(request, file, schema, form, error.message, status=400)
    moves = "trajectory" in file.families and schema.has_frames
    asked = Asked(file.record.versioned, file.name, schema.name, schema.version, names, arguments, moves=moves)
    session.keep(Task(future, asked))
    with contextlib.suppress(TimeoutError, FomrepoError):
        future.exception(timeout=PATIENCE_S)
    return RedirectResponse(f"/operations/{quote(future.operation)}", status_code=303)


def _form(
    request: Request, file: RemoteFile, schema: MethodSchema, form: dict[str, str], message: str, status: int = 200
) -> Response:
    parameters = [parameter_view(one) for one in schema.parameters]
    return page(
        request, "run.html", status=status, file=file, schema=schema, parameters=parameters, form=form, message=message
    )


def _chosen(session: Session, request: Request) -> tuple[RemoteFile, MethodSchema]:
    record = views.readable_record(session.repo, request.path_params["name"], visitor=False)
    file: RemoteFile = record[request.path_params["file"]]
    return file, file.methods.find(request.path_params["method"])[0].schema


def _told(task: Task) -> dict[str, Any]:
    """How far a call is, and what it gave or what went wrong, as soon as it has ended."""
    future = task.future
    ended = future.done()
    done, total = (0, 0) if ended else future.progress
    told: dict[str, Any] = {
        "result": None,
        "failure": None,
        "progress": {
            "state": future.state.value,
            "site": future.site,
            "done": done,
            "total": total,
            "seconds": None if task.asked is None else int(time.monotonic() - task.begun),
            "ended": ended,
        },
    }
    if not ended:
        return told
    try:
        return told | answer_view(future.result())
    except CancelledError:
        return told
    except FomrepoError as error:
        return told | {"failure": error}
