"""``fomrepo publish | embargo | supersede | withdraw | similar``: what becomes of records after their deposit."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.confirmation import Yes, ask_to_go_on
from fomrepo.cli.connected import ProfileName, complete_path, connected
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.records import record_facts
from fomrepo.cli.similar_data import similar_document, similar_row
from fomrepo.errors import ArgumentError
from fomrepo.model.submissions import check_remark

if TYPE_CHECKING:
    from fomrepo.client.record import Record

RecordArgument = Annotated[
    str,
    typer.Argument(
        metavar="RECORD",
        help="Accession or path; without a version the newest one.",
        autocompletion=complete_path,
    ),
]
_DAY = "Year, month and day, such as 2027-06-30; it begins at 0:00 UTC."


def publish(
    record: RecordArgument,
    licence: Annotated[
        str | None,
        typer.Option(metavar="SPDX", help="Licence, such as CC-BY-4.0; if not given, the one named at deposit."),
    ] = None,
    embargo_until: Annotated[
        str | None, typer.Option(metavar="DATE", help=f"Keep it private until then. {_DAY}")
    ] = None,
    yes: Yes = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Make a version public, and its files, facts and title unchangeable for good."""
    until = None if embargo_until is None else _day(embargo_until)
    with connected(profile) as repo:
        wanted = repo[record]
        if not (yes or wanted.state != "private"):
            repo.lifecycle.check_publication(wanted.versioned, licence=licence, embargo_until=until)
            what = f"{wanted.versioned}, {wanted.title!r}, with {len(wanted)} files"
            when = "at once" if until is None else f"from {until:%Y-%m-%d} on"
            ask_to_go_on(f"{what} becomes public {when}. That cannot be taken back. Go on?")
        done = repo.lifecycle.publish(wanted.versioned, licence=licence, embargo_until=until)
    _told(done, json)


def embargo(
    record: RecordArgument,
    until: Annotated[str | None, typer.Option(metavar="DATE", help=f"When it ends now. {_DAY}")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End it at once.")] = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Let the embargo of a published version end on another date, or now."""
    if lift == (until is not None):
        raise ArgumentError("say either when the embargo ends, or that it does now", remedy="--until DATE, or --lift")
    with connected(profile) as repo:
        done = repo.lifecycle.set_embargo(record, None if until is None else _day(until))
    _told(done, json)


def supersede(
    record: RecordArgument,
    by: Annotated[
        str | None, typer.Option(metavar="RECORD", help="What takes its place.", autocompletion=complete_path)
    ] = None,
    by_nothing: Annotated[bool, typer.Option("--by-nothing", help="Take back what was said before.")] = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Say that another record takes the place of one, which stays readable. New versions do so by themselves."""
    if by_nothing == (by is not None):
        raise ArgumentError("say what takes the place of the record", remedy="--by RECORD, or --by-nothing")
    with connected(profile) as repo:
        done = repo.lifecycle.supersede(record, by)
    _told(done, json)


def withdraw(
    record: RecordArgument,
    reason: Annotated[str, typer.Option(help="Why; whoever finds the tombstone reads it.")],
    yes: Yes = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Withdraw a version: a tombstone with the reason stays, and nobody reads or computes on its files any more."""
    check_remark(reason, "reason")
    with connected(profile) as repo:
        wanted = repo[record]
        if not (yes or wanted.state == "withdrawn"):
            what = f"{wanted.versioned}, {wanted.title!r}"
            ask_to_go_on(f"{what} is withdrawn. That cannot be taken back. Go on?")
        done = repo.lifecycle.withdraw(wanted.versioned, reason)
    _told(done, json)


def similar(record: RecordArgument, profile: ProfileName = None, json: Json = False) -> None:
    """List records that you may see and that hold the same bytes, or the same system, closest first."""
    with connected(profile) as repo:
        found = repo.lifecycle.similar(record)
    for one in found if json else ():
        print_json(similar_document(one))
    if not json:
        print_table([similar_row(one) for one in found])
        if not found:
            typer.echo("nothing that you may see is like it", err=True)


def _day(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.combine(datetime.date.fromisoformat(text), datetime.time(), datetime.UTC)
    except ValueError:
        raise ArgumentError(f"{text[:40]!r} is no date", remedy="write it as 2027-06-30") from None


def _told(record: Record, as_json: bool) -> None:
    if as_json:
        print_json(record_facts(record))
        return
    said = f"{record.versioned} is {record.state}"
    if record.state == "embargoed" and record.public_from is not None:
        said += f" until {record.public_from:%Y-%m-%d %H:%M} UTC"
    if record.superseded_by is not None:
        said += f", superseded by {record.superseded_by}"
    if record.withdrawn is not None:
        said += f": {record.reason}"
    typer.echo(said)
