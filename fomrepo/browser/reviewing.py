"""The review desk: what waits for reviewers, everything that one reads before signing, and the signature itself.

To approve is to sign, and the private key never comes here:

1. The page holds the statement, byte for byte as it is signed, and says in words what it states.
2. A script of ours reads the key file that the reviewer picks, and signs in the reviewer's browser. The page's policy
   lets it send nothing but the form, in which neither the file nor its passphrase is a field.
3. Statement and signature go to a site, which verifies both as it does for the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from fomrepo.browser.library import session_of
from fomrepo.browser.pages import page
from fomrepo.browser.safety import POLICY, check_secret, read_form
from fomrepo.browser.sessions import Session, logged_in
from fomrepo.client.repository import Repository
from fomrepo.client.review import statement_of
from fomrepo.errors import ArgumentError, NotFoundError
from fomrepo.model.differences import differences_by_file, schema_differences
from fomrepo.model.keys import KeyState
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import Papers

#: Lines of differences that the page shows, so that it stays below 150 kB; the rest is read with the command.
LINES_LIMIT = 1_500

#: The page on which a key is read sends nothing but its form.
SIGNING_POLICY = POLICY.replace("connect-src 'self'", "connect-src 'none'")

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference."""

    #: ``file``, ``place``, ``new``, ``gone``, or nothing for what stayed.
    kind: str
    #: Its number in the new file, or in the old one if it is gone; empty for what is no line of a file.
    number: str
    text: str


def waiting(request: Request) -> Response:
    """List what waits for reviewers."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/login?onward=/reviews", status_code=303)
    keys = session.repo.trust.keys()
    return page(
        request,
        "reviews.html",
        submissions=session.repo.submissions.to_review(),
        keys=[one for one in keys.keys if one.owner == session.name],
    )


def submission(request: Request) -> Response:
    """Show everything that a reviewer reads before signing."""
    session = logged_in(session_of(request))
    papers = session.repo.submissions.papers(request.path_params["submission"])
    files, cut = differences(papers)
    answer = page(
        request,
        "submission.html",
        papers=papers,
        changes=[] if papers.previous is None else list(schema_differences(papers.bundle, papers.previous)),
        files=files,
        cut=cut,
        packages=[one.split()[0] for one in papers.environment_lock.splitlines() if "==" in one],
        statement=_to_sign(session, papers),
        keys=_accepted_keys(session.repo, session.name),
    )
    answer.headers["content-security-policy"] = SIGNING_POLICY
    return answer


def environment_lock(request: Request) -> Response:
    """Give the lock file of the environment that a method was tried in, as text."""
    session = logged_in(session_of(request))
    papers = session.repo.submissions.papers(request.path_params["submission"])
    if not papers.environment_lock:
        raise NotFoundError("the gate has not ended, which says in which environment this runs")
    return PlainTextResponse(papers.environment_lock)


async def say(request: Request) -> Response:
    """Comment on a submission, reject it, or hand in the signature that approves it."""
    form = await read_form(request)
    session = logged_in(session_of(request))
    check_secret(form, session.secret)
    name = request.path_params["submission"]
    submissions = session.repo.submissions
    match form.get("deed"):
        case "comment":
            await run_in_threadpool(submissions.comment, name, form.get("text", ""))
        case "reject":
            await run_in_threadpool(submissions.reject, name, form.get("text", ""))
        case "approve":
            await run_in_threadpool(submissions.hand_in, name, _approval(form))
        case _:
            raise ArgumentError("comment, reject or approve")
    return RedirectResponse(f"/submissions/{name}", status_code=303)


def differences(papers: Papers) -> tuple[list[tuple[str, list[Line]]], bool]:
    """Path and lines of each file that changed, and whether there is more than a page shows."""
    found: list[tuple[str, list[Line]]] = []
    left = LINES_LIMIT
    for path, lines in differences_by_file(papers.bundle, papers.previous):
        shown: list[Line] = []
        for one in _numbered(lines):
            if left == 0:
                return [*found, (path, shown)], True
            left -= 1
            shown.append(one)
        found.append((path, shown))
    return found, False


def _numbered(lines: Iterator[str]) -> Iterator[Line]:
    """Lines of one file's unified diff; the first two are its head, whatever later ones look like."""
    old = new = 0
    for n, line in enumerate(lines):
        if n < 2:
            yield Line("file", "", line)
        elif place := _HUNK.match(line):  # lines of the file begin with a space, + or -
            old, new = int(place[1]), int(place[2])
            yield Line("place", "", line)
        elif line.startswith("-"):
            yield Line("gone", str(old), line)
            old += 1
        elif line.startswith("\\"):
            yield Line("place", "", line)
        else:
            yield Line("new" if line.startswith("+") else "", str(new), line)
            old, new = old + (not line.startswith("+")), new + 1


def _to_sign(session: Session, papers: Papers) -> ReviewStatement | None:
    """What the reader would sign; None where it does not wait for them."""
    said = papers.submission
    if said.author == session.name or said.id not in {one.id for one in session.repo.submissions.to_review()}:
        return None
    return statement_of(papers, session.name)


def _accepted_keys(repo: Repository, name: str) -> list[str]:
    return [one.id for one in repo.trust.keys().keys if one.owner == name and one.state is KeyState.ACCEPTED]


def _approval(form: dict[str, str]) -> Approval:
    statement = ReviewStatement.from_bytes(form.get("statement", "").encode())
    try:
        return Approval(statement, form.get("key", ""), bytes.fromhex(form.get("signature", "")))
    except ValueError:
        raise ArgumentError("this is no signature") from None
