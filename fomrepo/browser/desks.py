"""The desk: what somebody has under way, read as whoever is logged in, and what they may do about it."""

from __future__ import annotations

from itertools import islice

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.library import session_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import logged_in
from fomrepo.errors import ArgumentError
from fomrepo.model.deposits import DepositState
from fomrepo.model.desk import OwnDeposit

#: Operations, deposits and records that the page shows, the newest of each.
SHOWN_LIMIT = 30
#: States of deposits in the order in which somebody has to do something about them.
DEPOSIT_STATES = (
    DepositState.QUARANTINED,
    DepositState.DRAFT,
    DepositState.PROBING,
    DepositState.ACCEPTED,
    DepositState.ABANDONED,
)


def desk(request: Request) -> Response:
    """Show somebody's deposits, records, calls, methods and tokens."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/login?onward=/desk", status_code=303)
    repo = session.repo
    operations = list(islice(repo.desk.operations(), SHOWN_LIMIT))
    return page(
        request,
        "desk.html",
        deposits=_by_state(repo.desk.deposits(limit=SHOWN_LIMIT)),
        records=[one.record for one in islice(repo.whole.own(), SHOWN_LIMIT)],
        running=[one for one in operations if not one.state.final],
        ended=[one for one in operations if one.state.final],
        tokens=[one for one in repo.desk.tokens() if one.revoked is None],
        mine=repo.submissions.mine(),
        to_review=repo.submissions.to_review(),
    )


async def revoke_token(request: Request) -> Response:
    """Make one of somebody's tokens worthless, once they have said that they are sure."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    if form.get("sure") != "yes":
        raise ArgumentError("nothing was revoked: tick that you are sure")
    await run_in_threadpool(session.repo.desk.revoke_token, form.get("handle", ""))
    return RedirectResponse("/desk", status_code=303)


def _by_state(deposits: list[OwnDeposit]) -> list[tuple[str, list[OwnDeposit]]]:
    gathered = [(state.value, [one for one in deposits if one.state is state]) for state in DEPOSIT_STATES]
    return [(state, found) for state, found in gathered if found]
