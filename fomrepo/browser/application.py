"""The web application: which address leads to which page, and what happens to errors."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp

from fomrepo.browser import (
    answers,
    curating,
    desks,
    entrance,
    identity_pages,
    machines,
    method_pages,
    moving,
    pages,
    reviewing,
    running,
)
from fomrepo.browser.battery import Battery
from fomrepo.browser.examples import Examples
from fomrepo.browser.identity import Logins
from fomrepo.browser.library import Library
from fomrepo.browser.method_view import PapersShelf
from fomrepo.browser.safety import SafeAnswers
from fomrepo.browser.sessions import COOKIE, Sessions
from fomrepo.browser.shelf import Shelf
from fomrepo.browser.spelling import template_environment
from fomrepo.client.profile import Profile
from fomrepo.client.repository import repository_of
from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    FomrepoError,
    InternalError,
    NetworkError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    SiteError,
    WithdrawnError,
)

HERE = Path(__file__).parent

#: What a browser is told, by whose fault it is; the first class that fits.
STATUS: tuple[tuple[type[FomrepoError], int], ...] = (
    (NotFoundError, 404),
    (WithdrawnError, 410),
    (NotAuthenticatedError, 401),
    (NotAllowedError, 403),
    (ArgumentError, 400),
    (ConflictError, 409),
    (InternalError, 500),
    (SiteError, 503),
    (NetworkError, 503),
)

_log = logging.getLogger(__name__)


def browser_application(
    visitor: Profile, *, url: str, client_secrets: Mapping[str, str] = MappingProxyType({})
) -> Starlette:
    """Make the web application.

    Parameters
    ----------
    visitor
        Of a principal who is a member of no project but its own, empty one: what it sees, everybody sees.
    url
        How people reach the pages, such as ``https://data.example.org``.
    client_secrets
        Of the pages at identity providers, by the providers' names.
    """
    address = urlsplit(url)
    repo = repository_of(visitor)
    shelf = Shelf(repo)
    sessions = Sessions(secure=address.scheme == "https")
    templates = Jinja2Templates(env=template_environment(HERE / "templates"))
    battery, papers = Battery(), PapersShelf()
    library = Library(
        visitor=repo,
        profile=visitor,
        shelf=shelf,
        sessions=sessions,
        battery=battery,
        papers=papers,
        examples=Examples(repo, shelf, papers),
        url=url.rstrip("/"),
        federation=repo.whoami().federation,
        templates=templates,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        shelf.begin()
        yield
        shelf.end()
        battery.end()
        library.examples.end()
        sessions.end_all()
        repo.close()

    app = Starlette(
        routes=[
            *reading_pages(),
            *_entrance(),
            Mount("/api/v1", routes=_api()),
            Mount("/static", _files()),
        ],
        middleware=[
            Middleware(SafeAnswers, secure=address.scheme == "https", cookie=COOKIE),
            Middleware(TrustedHostMiddleware, allowed_hosts=[address.hostname or "localhost"], www_redirect=False),
        ],
        exception_handlers={FomrepoError: _failed, HTTPException: _no_page, Exception: _crashed},
        lifespan=lifespan,
    )
    app.state.library = library
    app.state.logins = Logins(repo.identities, url=library.url, client_secrets=client_secrets)
    return app


def _files() -> ASGIApp:
    """Files that lie beside the pages, compressed: they hold no secret that lengths could betray."""
    return GZipMiddleware(StaticFiles(directory=HERE / "static"), minimum_size=2_000, compresslevel=5)


def reading_pages() -> list[Route]:
    """Pages that need no account."""
    return [
        Route("/", pages.home),
        Route("/search", pages.search),
        Route("/records/{name}", pages.record),
        Route("/records/{name}/{form}", pages.citation),
        Route("/records/{name}/moving/{file}/told.json", moving.told),
        Route("/records/{name}/moving/{file}/structure.pdb", moving.structure),
        Route("/records/{name}/moving/{file}/frames.dcd", moving.frames),
        Route("/records/{name}/moving/{file}/still.png", moving.still),
        Route("/records/{name}/line/{file}/{method}", moving.line),
        Route("/viewer", moving.viewer),
        Route("/methods", method_pages.methods),
        Route("/methods/{name}", method_pages.method),
        Route("/methods/{name}/example", method_pages.example),
        Route("/methods/{name}/example.png", method_pages.example_picture),
        Route("/sites", pages.sites),
        Route("/statistics", pages.numbers),
        Route("/statistics.csv", pages.numbers_csv),
        Route("/sitemap.xml", machines.sitemap),
        Route("/sitemap-{part:int}.xml", machines.sitemap_part),
        Route("/robots.txt", machines.robots),
    ]


def _entrance() -> list[Route]:
    return [
        Route("/login", entrance.ask_token, methods=["GET"]),
        Route("/login", entrance.log_in, methods=["POST"]),
        Route("/logout", entrance.log_out, methods=["POST"]),
        Route("/login/with/{provider}", identity_pages.begin),
        Route("/login/callback", identity_pages.callback),
        Route("/identities", identity_pages.identities, methods=["GET"]),
        Route("/identities", identity_pages.unlink, methods=["POST"]),
        Route("/identities/link/{provider}", identity_pages.begin_link),
        Route("/desk", desks.desk),
        Route("/desk/tokens", desks.revoke_token, methods=["POST"]),
        Route("/curation", curating.came_in),
        Route("/curation/{name}", curating.record, methods=["GET"]),
        Route("/curation/{name}", curating.decide, methods=["POST"]),
        Route("/reviews", reviewing.waiting),
        Route("/submissions/{submission}", reviewing.submission, methods=["GET"]),
        Route("/submissions/{submission}", reviewing.say, methods=["POST"]),
        Route("/submissions/{submission}/environment.lock", reviewing.environment_lock),
        Route("/run/{name}/{file}/{method}", running.ask_arguments, methods=["GET"]),
        Route("/run/{name}/{file}/{method}", running.run, methods=["POST"]),
        Route("/operations", running.find_operation),
        Route("/operations/{operation}", running.operation),
        Route("/operations/{operation}/state", running.state),
        Route("/operations/{operation}/cancel", running.cancel, methods=["POST"]),
        Route("/operations/{operation}/line.json", answers.line),
        Route("/operations/{operation}/figures/{figure}.png", answers.figure),
        Route("/operations/{operation}/result.{suffix}", answers.download),
    ]


def _api() -> list[Route]:
    return [
        Route("/search", machines.search),
        Route("/records/{name}", machines.record),
        Route("/methods", machines.methods),
        Route("/methods/{name}", machines.method),
        Route("/sites", machines.sites),
        Route("/statistics", machines.numbers),
        Route("/export", machines.export),
        Route("/openapi.json", machines.openapi),
    ]


def _failed(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 400)
    if status >= 500:
        _log.warning("%s: %s", request.url.path, error)
    return _told(request, status, getattr(error, "message", str(error)))


def _no_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _told(request, status, "there is no such page" if status == 404 else str(error))


def _crashed(request: Request, error: Exception) -> Response:
    _log.error("%s failed", request.url.path, exc_info=error)
    return _told(request, 500, "something went wrong here; the operator's log says what")


def _told(request: Request, status: int, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message}, status_code=status)
    return pages.page(request, "error.html", status=status, message=message)
