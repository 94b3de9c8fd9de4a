"""The desk: what somebody has under way, read as whoever is logged in."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.library import session_of
from fomrepo.browser.pages import page

#: Records that are looked through for one's own, the newest ones.
RECORDS_LIMIT = 300


def desk(request: Request) -> Response:
    """Show somebody's records, calls and submissions."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/login?onward=/desk", status_code=303)
    projects = session.repo.whoami().projects
    records = [one for one in islice(session.repo.records(), RECORDS_LIMIT) if one.project in projects]
    submissions = session.repo.submissions
    return page(
        request,
        "desk.html",
        records=records,
        tasks=[*session.tasks.values()][::-1],
        mine=submissions.mine(),
        to_review=submissions.to_review(),
    )
