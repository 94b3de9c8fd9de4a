"""Logging in with a token, and out; and where to go from there."""

from __future__ import annotations

import time
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fomrepo.browser.identity import logins_of
from fomrepo.browser.library import library_of, session_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import check_secret, read_form
from fomrepo.browser.sessions import LIFE_S
from fomrepo.client.profile import Profile
from fomrepo.client.repository import Repository, repository_of
from fomrepo.errors import CallerError, FomrepoError

#: Longest token that is tried, in characters.
TOKEN_LIMIT = 1000


def ask_token(request: Request) -> Response:
    """Show the ways to log in."""
    return _entrance(request, page_of_ours(request.query_params.get("onward", "")))


async def log_in(request: Request) -> Response:
    """Take a token, and begin a session if a site knows it."""
    form = await read_form(request)
    onward = page_of_ours(form.get("onward", ""))
    try:
        repo, name = await run_in_threadpool(_connected, request, form.get("token", "").strip())
    except CallerError:
        return await run_in_threadpool(_entrance, request, onward, "No site knows this token.", 403)
    answer = RedirectResponse(onward, status_code=303)
    library_of(request).sessions.end(request, answer)  # a session that was there before is not taken over
    library_of(request).sessions.begin(answer, repo, name)
    return answer


async def log_out(request: Request) -> Response:
    """End the session, and with it the token that a provider's word was exchanged for."""
    form = await read_form(request)
    session = session_of(request)
    if session is not None:
        check_secret(form, session.secret)
        with suppress(FomrepoError):  # no site answers: the token ends by itself
            await run_in_threadpool(session.repo.identities.end)
    answer = RedirectResponse("/", status_code=303)
    library_of(request).sessions.end(request, answer)
    return answer


def begin_session(request: Request, response: Response, token: str, expires: float) -> None:
    """Begin a session with a token that a site gave; it lasts no longer than the token."""
    repo, name = _connected(request, token)
    library_of(request).sessions.begin(response, repo, name, life_s=min(expires - time.time(), LIFE_S))


def _entrance(request: Request, onward: str, message: str = "", status: int = 200) -> Response:
    providers = logins_of(request).providers()
    return page(request, "login.html", status=status, message=message, onward=onward, providers=providers)


def _connected(request: Request, token: str) -> tuple[Repository, str]:
    if not token or len(token) > TOKEN_LIMIT or not token.isascii() or not token.isprintable():
        raise CallerError("this is no token")
    profile = library_of(request).profile
    repo = repository_of(Profile(profile.sites, token, profile.ca))
    try:
        return repo, repo.whoami().name
    except BaseException:
        repo.close()
        raise


def page_of_ours(address: str) -> str:
    """Return where to go after logging in, if it is a page of ours; else the desk."""
    parts = urlsplit(address)
    here = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not parts.path.startswith("//")
    return address if here and "\\" not in address and address.isprintable() else "/desk"
