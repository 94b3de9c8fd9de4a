"""The review desk: what waits for reviewers, everything that one reads before signing, and what was said."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.library import session_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import Session, logged_in
from fomrepo.errors import ArgumentError
from fomrepo.model.differences import file_differences, schema_differences
from fomrepo.model.submissions import Submission

#: Lines of a difference that the page shows; the rest is read with the command.
LINES_LIMIT = 2_000


def submission(request: Request) -> Response:
    """Show everything that a reviewer reads before signing."""
    session = logged_in(session_of(request))
    papers = session.repo.submissions.papers(request.path_params["submission"])
    lines = list(islice(file_differences(papers.bundle, papers.previous), LINES_LIMIT + 1))
    return page(
        request,
        "submission.html",
        papers=papers,
        changes=[] if papers.previous is None else list(schema_differences(papers.bundle, papers.previous)),
        lines=[(_kind(one), one) for one in lines[:LINES_LIMIT]],
        cut=len(lines) > LINES_LIMIT,
    )


async def say(request: Request) -> Response:
    """Comment on a submission, or reject it. To approve takes a signature, and the key is on the reviewer's machine."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    name = request.path_params["submission"]
    await run_in_threadpool(_deed(session, form.get("deed", "")), name, form.get("text", ""))
    return RedirectResponse(f"/submissions/{name}", status_code=303)


def _deed(session: Session, name: str) -> Callable[[str, str], Submission]:
    submissions = session.repo.submissions
    match name:
        case "comment":
            return submissions.comment
        case "reject":
            return submissions.reject
    raise ArgumentError("comment or reject")


def _kind(line: str) -> str:
    """Class of a line of a unified difference."""
    kinds = (("+++", "file"), ("---", "file"), ("@@", "place"), ("+", "new"), ("-", "gone"))
    return next((kind for begin, kind in kinds if line.startswith(begin)), "")
