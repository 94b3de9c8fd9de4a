"""``fomrepo review | reviewer``: reading and signing other people's methods, and who may."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.confirmation import Yes, ask_to_go_on
from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.homes import Home
from fomrepo.cli.keys import opened_key
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.submission_lists import SubmissionId, print_submissions, submission_document
from fomrepo.errors import ArgumentError, ConflictError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fomrepo.model.submissions import Submission
    from fomrepo.site.administration import Administration

review = typer.Typer(no_args_is_help=True, help="Review methods of others before they run for everybody.")
reviewer = typer.Typer(no_args_is_help=True, help="Who may review methods.")

#: Fewest digits of a digest that stand for a bundle: nobody makes another one that begins like this by chance.
LEAST_DIGITS = 12

User = Annotated[str, typer.Argument(metavar="USER", help="Name of a user.")]


@review.command("list")
def list_waiting(profile: ProfileName = None, json: Json = False) -> None:
    """List the submissions that wait for reviewers."""
    with connected(profile) as repo:
        found = repo.submissions.to_review()
    print_submissions(found, "no submission waits for you", as_json=json)


@review.command()
def show(
    submission: SubmissionId,
    lock: Annotated[bool, typer.Option("--lock", help="Show the lock of its environment as well.")] = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Show what was submitted: the gate's report, what changed since the last version, and what was said."""
    from fomrepo.cli.review_papers import papers_document, print_papers

    with connected(profile) as repo:
        papers = repo.submissions.papers(submission)
    if json:
        print_json(papers_document(papers))
    else:
        print_papers(papers, files=True, lock=lock)


@review.command()
def comment(
    submission: SubmissionId,
    text: Annotated[str, typer.Argument(help="What the author and the reviewers shall read.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Say something to the author and the other reviewers."""
    with connected(profile) as repo:
        _told(repo.submissions.comment(submission, text), json)


@review.command()
def reject(
    submission: SubmissionId,
    reason: Annotated[str, typer.Argument(help="Why; the author reads it.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Refuse a submission."""
    with connected(profile) as repo:
        _told(repo.submissions.reject(submission, reason), json)


@review.command()
def approve(
    submission: SubmissionId,
    digest: Annotated[
        str, typer.Option(help="Digest of the bundle that you have read, or its beginning; any other is refused.")
    ] = "",
    key: Annotated[str, typer.Option(help="Name of the key to sign with.")] = "default",
    yes: Yes = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Sign that a method may run for everybody, with your own key, which stays on this machine."""
    if digest and len(digest) < LEAST_DIGITS:
        raise ArgumentError(
            f"--digest {digest} fits too many bundles", remedy=f"give {LEAST_DIGITS} digits of it, or more"
        )
    with connected(profile) as repo:
        papers = repo.submissions.papers(submission)
        found = papers.submission
        if not found.bundle_digest.startswith(digest):
            raise ConflictError(
                f"{submission} has the bundle {found.bundle_digest}, and you have read {digest}",
                remedy=f"read this one: fomrepo review show {submission}",
            )
        if not (digest or yes):
            what = f"{found.name} {found.version} of {found.author}, bundle {found.bundle_digest}"
            ask_to_go_on(f"You sign that {what}, may run for everybody. Have you read it?")
        done = repo.submissions.approve(papers, repo.whoami().name, opened_key(key).approve)
    _told(done, json)


@review.command()
def policy(
    home: Home,
    approvals: Annotated[int | None, typer.Option(help="Reviewers who must sign; never the author.")] = None,
    other_institution: Annotated[
        bool | None, typer.Option(help="Whether one of them must be of another institution than the author.")
    ] = None,
    json: Json = False,
) -> None:
    """Show or, on the home that founded the federation, change what is asked for before a method runs.

    It stands in the signed root. Published methods that have fewer signatures stop until more reviewers sign them.
    """
    from fomrepo.model.submissions import ReviewPolicy
    from fomrepo.model.trust import TrustPolicy

    lost: tuple[str, ...] = ()
    missing = 0
    with _administration(home) as administration:
        known = administration.trust.root().policy
        asked = TrustPolicy(
            known.approvals if approvals is None else approvals,
            known.other_institution if other_institution is None else other_institution,
        )
        if asked != known:
            changed, lost = administration.trust.set_policy(asked)
            missing = changed.missing
    if json:
        print_json(asdict(asked) | {"missing": missing, "lost": list(lost)})
        return
    waits = f"; waits for {missing} more signatures: fomrepo key countersign" if missing else ""
    typer.echo(f"{ReviewPolicy(asked.approvals, asked.other_institution)}{waits}")
    if lost:
        typer.echo(f"too few signatures are left for {', '.join(lost)}, which no longer run")


@reviewer.command("add")
def add_reviewer(
    name: User,
    home: Home,
    institution: Annotated[str | None, typer.Option(help="Where they work.")] = None,
    json: Json = False,
) -> None:
    """Let a user review methods."""
    with _administration(home) as administration:
        administration.catalog.reviewers.add(name)
        if institution is not None:
            administration.catalog.reviewers.set_institution(name, institution)
    if json:
        print_json({"reviewer": name})
    else:
        typer.echo(f"{name} may review; they sign with a key of their own (fomrepo key new; fomrepo key publish)")


@reviewer.command("remove")
def remove_reviewer(name: User, home: Home, json: Json = False) -> None:
    """Let a user review no more. What they have signed stays signed."""
    with _administration(home) as administration:
        administration.catalog.reviewers.remove(name)
    if json:
        print_json({"reviewer": name, "removed": True})
    else:
        typer.echo(f"{name} reviews no more")


@reviewer.command("list")
def list_reviewers(home: Home, json: Json = False) -> None:
    """List those who may review, and where they work."""
    with _administration(home) as administration:
        found = administration.catalog.reviewers.all()
    if json:
        for name, institution in found:
            print_json({"reviewer": name, "institution": institution or None})
    else:
        print_table(found)


def _administration(home: Path) -> AbstractContextManager[Administration]:
    from fomrepo.site.administration import open_administration

    return open_administration(home)


def _told(submission: Submission, as_json: bool) -> None:
    if as_json:
        print_json(submission_document(submission))
    else:
        typer.echo(f"{submission.name} {submission.version} is {submission.state}")
        if submission.trouble:
            typer.echo(f"  {submission.trouble}")
