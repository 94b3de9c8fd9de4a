"""Who is logged in: a cookie names a session, and the token stays here, in memory.

1. The cookie holds a drawn id that only this process knows; the token is in no cookie, no page and no file.
2. Scripts cannot read the cookie, other sites' pages do not send it, and with HTTPS it goes over nothing else.
3. A session ends when somebody logs out, after some hours without a request, with the token that a login gave, and
   after a day in any case.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from fomrepo.browser.snippets import Asked
from fomrepo.client.operation import OperationFuture
from fomrepo.client.repository import Repository
from fomrepo.client.results.result import Result
from fomrepo.errors import NotAuthenticatedError

#: Name of the cookie.
COOKIE = "fomrepo-session"
#: How long a session lasts without a request, and at most, in seconds.
IDLE_S, LIFE_S = 4 * 3600.0, 24 * 3600.0
#: Sessions at a time: each holds channels to the sites. The one that was idle longest gives way.
SESSIONS_LIMIT = 200
#: Calls of one session whose results are at hand; earlier ones are found again by their ids.
TASKS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Task:
    """A call that somebody made here."""

    future: OperationFuture[Result]
    #: None for one that was made elsewhere.
    asked: Asked | None
    #: When it was sent, by the monotonic clock.
    begun: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Session:
    """Somebody who is logged in."""

    #: Connected with their token.
    repo: Repository = field(repr=False)
    #: Their name.
    name: str
    #: What each of their forms carries.
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    begun: float = field(default_factory=time.monotonic)
    #: How long it lasts at most, in seconds.
    life_s: float = LIFE_S
    #: When they last asked for something, by the monotonic clock.
    seen: float = field(default_factory=time.monotonic)
    #: Their calls by id, the latest last.
    tasks: dict[str, Task] = field(default_factory=dict)

    def keep(self, task: Task) -> Task:
        """Keep a call at hand."""
        self.tasks[task.future.operation] = task
        for name in list(self.tasks)[:-TASKS_LIMIT]:
            self.tasks.pop(name, None)
        return task


class Sessions:
    """All who are logged in.

    Parameters
    ----------
    secure
        Whether pages are reached by HTTPS, so that the cookie goes over nothing else.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, response: Response, repo: Repository, name: str, *, life_s: float = LIFE_S) -> None:
        """Log somebody in, and let an answer tell their browser."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[key] = Session(repo, name, life_s=life_s)
            over = [] if len(self._sessions) <= SESSIONS_LIMIT else [min(self._sessions, key=self._last_seen)]
            ended = [self._sessions.pop(one) for one in over]
        for session in ended:
            session.repo.close()
        response.set_cookie(
            COOKIE, key, max_age=int(life_s), path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def find(self, request: Request) -> Session | None:
        """Session that a request belongs to; None if there is none, or it has ended."""
        key = request.cookies.get(COOKIE, "")
        now = time.monotonic()
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if now - session.seen <= IDLE_S and now - session.begun <= session.life_s:
                session.seen = now
                return session
            del self._sessions[key]
        session.repo.close()
        return None

    def end(self, request: Request, response: Response) -> None:
        """Log somebody out."""
        with self._lock:
            session = self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        if session is not None:
            session.repo.close()
        response.delete_cookie(COOKIE, path="/", secure=self._secure, httponly=True, samesite="strict")

    def end_all(self) -> None:
        """Log everybody out."""
        with self._lock:
            sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            session.repo.close()

    def _last_seen(self, key: str) -> float:
        return self._sessions[key].seen


def logged_in(session: Session | None) -> Session:
    """Give the session of whoever asks.

    Raises
    ------
    NotAuthenticatedError
        If they are not logged in.
    """
    if session is None:
        raise NotAuthenticatedError("this needs you to log in")
    return session
