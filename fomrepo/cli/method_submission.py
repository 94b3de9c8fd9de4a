"""``fomrepo method submit | status | withdraw | attach``: the author's side of review."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.commands import LeftOffError
from fomrepo.cli.connected import FilePath, ProfileName, complete_path, connected, split_file_path
from fomrepo.cli.output import Json, print_json, progress_bar
from fomrepo.cli.submission_lists import SubmissionId, print_submissions, submission_document
from fomrepo.errors import SiteError

if TYPE_CHECKING:
    from fomrepo.client.repository import Repository
    from fomrepo.model.submissions import Submission

Folder = Annotated[Path, typer.Argument(help="The folder that holds method.toml.", file_okay=False)]


def submit(
    folder: Folder,
    path: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="RECORD/FILE", help="The only file that it is for.", autocompletion=complete_path
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the gate has ended.")] = True,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Submit a method for review. The same again goes on where it stands."""
    with connected(profile) as repo:
        file = None if path is None else _file(repo, path)
        submission = repo.submissions.submit(folder, file=file)
        if wait:
            submission = _checked(repo, submission, hidden=json)
    _told(submission, as_json=json)
    if submission.trouble:
        raise SiteError(
            f"{submission.site} has the method, and cannot test it now: {submission.trouble}",
            remedy=f"it tries again when it is asked: fomrepo method status {submission.id}",
        )
    if submission.state == "rejected":
        raise typer.Exit(1)


def status(
    submission: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this submission.")] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Say how your submissions stand; of one, with the gate's report and what was said of it."""
    from fomrepo.cli.review_papers import papers_document, print_papers

    with connected(profile) as repo:
        if submission is not None:
            papers = repo.submissions.papers(submission)
            if json:
                print_json(papers_document(papers))
            else:
                print_papers(papers, files=False, lock=False)
            return
        found = repo.submissions.mine()
    print_submissions(found, "you submitted no method: fomrepo method submit FOLDER", as_json=json)


def withdraw(submission: SubmissionId, profile: ProfileName = None, json: Json = False) -> None:
    """Take back a submission that is not published, or a method off its file."""
    with connected(profile) as repo:
        _told(repo.submissions.withdraw(submission), as_json=json)


def attach(folder: Folder, path: FilePath, profile: ProfileName = None, json: Json = False) -> None:
    """Attach a method to one file. Unreviewed, you alone can call it; `method submit --for` opens it to others."""
    with connected(profile) as repo:
        file = _file(repo, path)
        submission = repo.submissions.attach(folder, file)
    if json:
        print_json(submission_document(submission))
    else:
        typer.echo(f"{submission.name} {submission.version} is attached to {path} as {submission.id}")
        typer.echo(f"  call it: fomrepo call {quote(path)} {submission.name}")


def _file(repo: Repository, path: str) -> Any:
    record, name = split_file_path(path)
    return repo[record][name]


def _checked(repo: Repository, submission: Submission, *, hidden: bool) -> Submission:
    try:
        with progress_bar(f"{submission.name} in the gate", hidden=hidden) as bar:
            return repo.submissions.checked(submission.id, on_look=lambda one: bar(0, 0, one.step))
    except KeyboardInterrupt:
        raise LeftOffError(
            f"the gate goes on. See how it ended: fomrepo method status {submission.id}", submission.id
        ) from None


def _told(submission: Submission, *, as_json: bool) -> None:
    from fomrepo.model.differences import visible

    if as_json:
        print_json(submission_document(submission))
        return
    typer.echo(f"{submission.name} {submission.version} is {submission.state}; submission {submission.id}")
    if submission.reason:
        typer.echo(f"  {visible(submission.reason)}")
        typer.echo(f"  all that is known of it: fomrepo method status {submission.id}")
