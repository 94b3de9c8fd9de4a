"""``fomrepo metadata``: what files and depositors say of records, under global names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.connected import ProfileName, complete_path, connected
from fomrepo.cli.output import Json, print_json, print_table, print_warning
from fomrepo.errors import ArgumentError
from fomrepo.model.metadata import meant_name

if TYPE_CHECKING:
    from fomrepo.model.metadata import Disagreement, Entry

metadata = typer.Typer(no_args_is_help=True, help="What files and depositors say of records.")

#: Longest value that a line of a table shows, in characters.
SHOWN = 60

RecordOnly = Annotated[
    str, typer.Argument(metavar="RECORD", help="Accession or path.", autocompletion=complete_path, show_default=False)
]


@metadata.command()
def show(
    record: RecordOnly,
    every: Annotated[bool, typer.Option("--all", help="Show settings under the programs' own names as well.")] = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Show what is known of a record: what the depositor says, what files say, and where both disagree."""
    from fomrepo.model.metadata_terms import TERMS

    with connected(profile) as repo:
        found = repo.metadata.of(record)
    extracted = [one for one in found.extracted if every or one.name in TERMS]
    if json:
        print_json({
            "claims": [entry_document(one) for one in found.claims],
            "extracted": [entry_document(one) for one in extracted],
            "disagreements": [_disagreement_document(one) for one in found.disagreements],
        })  # fmt: skip
        return
    rows = [(one.name, _short(one.text), "depositor", "") for one in found.claims]
    rows += [(one.name, _short(one.text), one.file, _short(one.source)) for one in _in_order(extracted, list(TERMS))]
    print_table(rows)
    hidden = len(found.extracted) - len(extracted)
    if hidden:
        typer.echo(
            f"{hidden} more settings under the programs' own names: fomrepo metadata show {record} --all", err=True
        )
    _print_disagreements(found.disagreements)


@metadata.command("set")
def set_claims(
    record: RecordOnly,
    claims: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="Values with their unit; an empty one takes it back.")
    ],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Say what a record of yours is, as long as it is private: `temperature="300 K" ensemble=NPT`."""
    changes = {name: value or None for name, value in map(split_claim, claims)}
    warn_of_slips((name for name, value in changes.items() if value), as_json=json)
    with connected(profile) as repo:
        changed = repo.metadata.claim(record, changes)
    if json:
        print_json({"claims": [entry_document(one) for one in changed.claims]})
        return
    print_table([(one.name, _short(one.text)) for one in changed.claims])
    _print_disagreements(changed.disagreements)


@metadata.command()
def disagreements(record: RecordOnly, profile: ProfileName = None, json: Json = False) -> None:
    """List what the depositor says of a record and no file bears out."""
    with connected(profile) as repo:
        found = repo.metadata.of(record).disagreements
    if json:
        for one in found:
            print_json(_disagreement_document(one))
        return
    _print_disagreements(found)
    if not found:
        typer.echo("files and depositor agree", err=True)


@metadata.command()
def find(
    conditions: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE...", help="A text, a number with its unit, or bounds: 295 K..305 K"),
    ],
    limit: Annotated[int, typer.Option(help="Most records.")] = 100,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Find records by what is known of them: `temperature="295 K..305 K" ensemble=NPT`."""
    wanted = {name: _wanted(value) for name, value in map(split_claim, conditions)}
    warn_of_slips(wanted, as_json=json)
    with connected(profile) as repo:
        found = repo.metadata.find(wanted, limit=limit)
    if json:
        for one in found:
            print_json({"accession": one.accession, "version": one.number, "title": one.title, "path": one.path})
    else:
        print_table([(one.accession, f"v{one.number}", one.state, one.path, one.title) for one in found])
        if not found:
            typer.echo("no record that you may see has all of that", err=True)


@metadata.command()
def names(json: Json = False) -> None:
    """List the global names, their units, and what they mean; those of biosim-schema are marked."""
    from fomrepo.model.metadata_terms import TERMS

    if json:
        for one in TERMS.values():
            print_json({"name": one.name, "kind": one.kind, "unit": one.unit, "biosim": one.common, "doc": one.doc})
    else:
        rows = [(one.name, one.unit or one.kind, "biosim" if one.common else "", one.doc) for one in TERMS.values()]
        print_table(rows)


def split_claim(text: str) -> tuple[str, str]:
    """Split what gives a value to a name."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise ArgumentError(
            f"{text!r} gives no value to a name", remedy='write NAME=VALUE, such as temperature="300 K"'
        )
    return name.strip(), value.strip()


def warn_of_slips(names: Iterable[str], *, as_json: bool) -> None:
    """Say which names of a depositor's own look like slips: they are kept, and nobody finds them."""
    for name in names:
        if (meant := meant_name(name)) is not None:
            print_warning(f"{name!r} is no name that is known here; did you mean {meant!r}?", as_json=as_json)


def entry_document(entry: Entry) -> dict[str, Any]:
    """What programs read about one thing that is known."""
    return {
        "name": entry.name,
        "values": list(entry.values),
        "unit": entry.unit,
        "file": entry.file or None,
        "source": entry.source,
    }


def _disagreement_document(one: Disagreement) -> dict[str, Any]:
    return {
        "name": one.claimed.name,
        "claimed": entry_document(one.claimed),
        "extracted": [entry_document(said) for said in one.extracted],
    }


def _print_disagreements(found: tuple[Disagreement, ...]) -> None:
    for one in found:
        typer.echo(f"disagreement: {one}")


def _in_order(entries: list[Entry], order: list[str]) -> list[Entry]:
    """Entries by their global names, those without one last."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(entries, key=lambda one: places.get(one.name, len(places)))


def _wanted(value: str) -> str | tuple[str | None, str | None]:
    lowest, separator, highest = value.partition("..")
    return (lowest.strip() or None, highest.strip() or None) if separator else value


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
