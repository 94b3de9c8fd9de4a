"""Pages of logging in by an identity provider, and of the identities that somebody logs in with."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.entrance import begin_session, page_of_ours
from fomrepo.browser.identity import Login, logins_of
from fomrepo.browser.library import session_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import Session, logged_in
from fomrepo.errors import CallerError, NotAllowedError

#: Longest code that is exchanged, in characters.
CODE_LIMIT = 4_000


def begin(request: Request) -> Response:
    """Send somebody to a provider, to log in."""
    return _sent(request, page_of_ours(request.query_params.get("onward", "")), None)


def begin_link(request: Request) -> Response:
    """Send somebody to a provider, to link who they are there to their account."""
    return _sent(request, "/identities", logged_in(session_of(request)))


def callback(request: Request) -> Response:
    """Take what a provider sent somebody back with.

    The browser does not send the session's cookie along when another site's page leads here, so what comes next is a
    page of ours, which leads on.
    """
    logins = logins_of(request)
    try:
        login = logins.take(request)
        answer = _finished(request, login)
    except CallerError as error:
        message = f"{error.message}; {error.remedy}" if error.remedy else error.message
        told = {"message": message, "onward": "/desk", "providers": logins.providers()}
        answer = page(request, "login.html", status=403, **told)
    logins.forget(answer)
    answer.headers["cache-control"] = "no-store"
    return answer


def identities(request: Request) -> Response:
    """Show the identities that somebody can log in with."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/login?onward=/identities", status_code=303)
    return page(
        request,
        "identities.html",
        identities=session.repo.identities.own(),
        providers=logins_of(request).providers(),
    )


async def unlink(request: Request) -> Response:
    """Take an identity from the account of whoever asks."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    await run_in_threadpool(session.repo.identities.unlink, form.get("issuer", ""), form.get("subject", ""))
    return RedirectResponse("/identities", status_code=303)


def _sent(request: Request, onward: str, session: Session | None) -> Response:
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise NotAllowedError("another page began this login", remedy="begin it here: log in")
    logins = logins_of(request)
    address, key = logins.begin(request.path_params["provider"], onward=onward, session=session)
    answer = RedirectResponse(address, status_code=303)
    logins.remember(answer, key)
    return answer


def _finished(request: Request, login: Login) -> Response:
    logins, title = logins_of(request), login.provider.title
    if "error" in request.query_params:
        raise NotAllowedError(
            f"{title} let nobody in: {request.query_params['error'][:100]}", remedy="log in once more"
        )
    code = request.query_params.get("code", "")
    if not 0 < len(code) <= CODE_LIMIT:
        raise NotAllowedError(f"{title} sent no code", remedy="log in once more")
    token = logins.id_token(login, code)
    if login.session is not None:
        linked = login.session.repo.identities.link(login.provider, token, login.nonce)
        return page(request, "led_on.html", onward=login.onward, done=f"{title} logs in {linked.user} from now on")
    given = logins.identities.finish(login.provider, token, login.nonce)
    answer = page(request, "led_on.html", onward=login.onward, done=f"You are {given.user}")
    begin_session(request, answer, given.token, given.expires)
    return answer
