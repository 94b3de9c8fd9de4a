"""The curation desk: what came into somebody's projects, what is doubtful about it, and what becomes of it.

Members of a record's project curate it, as they may with commands; a site decides that at each step, not this page.
"""

from __future__ import annotations

import datetime
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.library import library_of, session_of
from fomrepo.browser.pages import page
from fomrepo.browser.record_view import known_record, record_view, related_view
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import Session, logged_in
from fomrepo.client.whole import KnownRecord
from fomrepo.errors import ArgumentError, NotAllowedError
from fomrepo.model.quality import CheckState

#: Days that can be looked back, the shortest first.
DAYS = (7, 30, 365)
DAY_S = 86_400.0
#: Versions that the page shows, the latest deposits.
SHOWN_LIMIT = 100
#: What each deed that cannot be taken back is called where somebody did not say that they are sure of it.
FOR_GOOD = ("publish", "withdraw")


def came_in(request: Request) -> Response:
    """List what was deposited lately into somebody's projects, with what is doubtful about each."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/login?onward=/curation", status_code=303)
    days = next((one for one in DAYS if str(one) == request.query_params.get("days")), DAYS[0])
    found = []
    for one in session.repo.whole.own(since=time.time() - days * DAY_S):
        found.append(_summary(one))
        if len(found) == SHOWN_LIMIT:
            break
    return page(request, "curation.html", records=found, days=days, choices=DAYS, cut=len(found) == SHOWN_LIMIT)


def record(request: Request) -> Response:
    """Show everything that a curator reads of one version, and what can be done about it."""
    session = logged_in(session_of(request))
    known = _curated(session, request)
    library = library_of(request)
    view = record_view(known, (), url=library.url, federation=library.federation, visitor=False)
    related = related_view(session.repo, known, visitor=False)
    waivable = [one.verdict.state in (CheckState.FAILED, CheckState.UNDECIDED) for one in known.whole.checks]
    return page(
        request,
        "curated.html",
        record=view | {"related": related},
        checks=list(zip(view["quality"], waivable, strict=True)),
        unsettled=[one for one in known.whole.checks if not one.settled],
    )


async def decide(request: Request) -> Response:
    """Publish or withdraw a version, waive one of its checks, or let them be run again."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    name = await run_in_threadpool(_done, session, request, form)
    return RedirectResponse(f"/curation/{name}", status_code=303)


def _done(session: Session, request: Request, form: dict[str, str]) -> str:
    """Do what a form says; returns the name of the version."""
    name = _curated(session, request).record.versioned
    deed = form.get("deed", "")
    if deed in FOR_GOOD and form.get("sure") != "yes":
        raise ArgumentError(f"nothing was done: to {deed} cannot be taken back; tick that you are sure")
    match deed:
        case "publish":
            until = _date(form.get("embargo", "").strip())
            session.repo.lifecycle.publish(name, licence=form.get("licence", "").strip() or None, embargo_until=until)
        case "withdraw":
            session.repo.lifecycle.withdraw(name, form.get("reason", ""))
        case "waive":
            session.repo.quality.waive(name, form.get("file", ""), form.get("check", ""), form.get("reason", ""))
        case "again":
            session.repo.quality.again(name)
        case _:
            raise ArgumentError("publish, withdraw, waive or again")
    return name


def _curated(session: Session, request: Request) -> KnownRecord:
    """Version that an address names, if whoever is logged in curates it."""
    known = known_record(session.repo, request.path_params["name"], visitor=False)
    if known.record.project not in session.repo.whoami().projects:
        raise NotAllowedError(f"only members of the project {known.record.project!r} curate {known.record.accession}")
    return known


def _summary(one: KnownRecord) -> dict[str, Any]:
    checks = one.whole.checks
    return {
        "versioned": one.record.versioned,
        "title": one.record.title,
        "project": one.record.project,
        "depositor": one.record.owner,
        "state": one.record.state,
        "deposited": one.record.created.isoformat(),
        "unsettled": sum(not check.settled for check in checks),
        "waived": sum(check.waiver is not None for check in checks),
        "disagreements": len(one.whole.metadata.disagreements),
    }


def _date(text: str) -> datetime.datetime | None:
    """Read a day as its first moment, UTC; None for no text."""
    try:
        return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC) if text else None
    except ValueError:
        raise ArgumentError(f"{text[:40]!r} is no date", remedy="write it as 2027-01-31") from None
