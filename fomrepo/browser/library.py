"""What all pages read from, and who looks at them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.templating import Jinja2Templates

from fomrepo.browser.battery import Battery
from fomrepo.browser.examples import Examples
from fomrepo.browser.method_view import PapersShelf
from fomrepo.browser.sessions import Session, Sessions
from fomrepo.browser.shelf import Shelf
from fomrepo.client.profile import Profile
from fomrepo.client.repository import Repository

#: Exports of everything at a time: each keeps a thread and a site reading, and pages are to go on beside them.
EXPORTS_LIMIT = 2


@dataclass(frozen=True, slots=True)
class Library:
    """What pages read from."""

    #: Client of a principal who is a member of no project: what it may see, everybody may.
    visitor: Repository
    #: How the visitor was connected; who logs in goes to the same sites.
    profile: Profile = field(repr=False)
    shelf: Shelf
    sessions: Sessions
    battery: Battery
    papers: PapersShelf
    examples: Examples
    #: How people reach the pages, without a slash at its end.
    url: str
    #: Name of the federation.
    federation: str
    templates: Jinja2Templates = field(repr=False)
    #: Taken by each export of everything that is under way.
    exports: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(EXPORTS_LIMIT), repr=False
    )


def library_of(request: Request) -> Library:
    """Give what pages read from."""
    found: Library = request.app.state.library
    return found


def session_of(request: Request) -> Session | None:
    """Session of whoever looks; None for a visitor."""
    return library_of(request).sessions.find(request)


def reader_of(request: Request) -> tuple[Repository, bool]:
    """Client that a page reads through, and whether it is the visitors' one."""
    session = session_of(request)
    return (library_of(request).visitor, True) if session is None else (session.repo, False)
