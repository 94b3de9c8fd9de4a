"""Submissions of methods as lists show them and programs read them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.output import print_json, print_table
from fomrepo.model.differences import visible

if TYPE_CHECKING:
    from fomrepo.model.submissions import Submission

SubmissionId = Annotated[str, typer.Argument(metavar="ID", help="Id of the submission: fomrepo method status.")]


def print_submissions(found: list[Submission], nothing: str, *, as_json: bool) -> None:
    """Print submissions, a line each, or for people that there is ``nothing``."""
    if as_json:
        for one in found:
            print_json(submission_document(one))
    elif found:
        rows = [
            (one.id, f"{one.name} {one.version}", one.author, one.state.value, day(one.changed), _scope(one))
            for one in found
        ]
        print_table(rows, ("id", "method", "author", "state", "since", "for"))
        for one in found:
            if one.trouble:
                typer.echo(f"{one.id}: {visible(one.trouble)}")
    else:
        typer.echo(nothing)


def submission_document(one: Submission) -> dict[str, Any]:
    """Spell a submission for programs."""
    return {
        "id": one.id,
        "name": one.name,
        "version": one.version,
        "bundle_digest": one.bundle_digest,
        "author": one.author,
        "state": one.state.value,
        "reason": one.reason,
        "site": one.site,
        "environment_digest": one.environment_digest,
        "record": one.record or None,
        "file": one.file or None,
        "created": one.created,
        "changed": one.changed,
        "trouble": one.trouble,
    }


def day(moment: float) -> str:
    """Day and time, as lists show them."""
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M}"


def _scope(one: Submission) -> str:
    return f"{one.record}/{one.file}" if one.record else "all files"
