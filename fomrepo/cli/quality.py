"""``fomrepo quality``: checks of deposited files, and waivers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.connected import FilePath, ProfileName, complete_path, connected, split_file_path
from fomrepo.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fomrepo.model.quality import QualityCheck

quality = typer.Typer(no_args_is_help=True, help="Checks of deposited files, and waivers of those that did not pass.")

RecordOnly = Annotated[
    str, typer.Argument(metavar="RECORD", help="Accession or path.", autocompletion=complete_path, show_default=False)
]


@quality.command()
def show(record: RecordOnly, profile: ProfileName = None, json: Json = False) -> None:
    """Show the checks of a record's files, what they found, and what was waived for which reason."""
    with connected(profile) as repo:
        checks = repo.quality.of(record)
    _print(checks, as_json=json)


@quality.command()
def waive(
    file: FilePath,
    check: Annotated[str, typer.Argument(help="Name of the check.")],
    reason: Annotated[str, typer.Argument(help="Why the data is good nevertheless; everybody who sees it reads it.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Let one check pass that did not. Your name and the reason stay with the record."""
    record, name = split_file_path(file)
    with connected(profile) as repo:
        checks = repo.quality.waive(record, name, check, reason)
    _print([one for one in checks if (one.file, one.name) == (name, check)], as_json=json)


@quality.command()
def again(record: RecordOnly, profile: ProfileName = None, json: Json = False) -> None:
    """Let those checks be run again that failed or could not be run."""
    with connected(profile) as repo:
        checks = repo.quality.again(record)
    _print(checks, as_json=json)


def check_document(check: QualityCheck) -> dict[str, Any]:
    """What programs read about a check."""
    document: dict[str, Any] = asdict(check) | asdict(check.verdict) | {"settled": check.settled}
    return {name: value for name, value in document.items() if name not in ("id", "verdict")}


def _print(checks: Sequence[QualityCheck], *, as_json: bool) -> None:
    if as_json:
        for one in checks:
            print_json(check_document(one))
        return
    print_table([(one.file, one.name, one.verdict.state.value, "waived" if one.waiver else "") for one in checks])
    for one in checks:
        told = [one.verdict.message, *map(str, one.verdict.findings)] if not one.settled or one.waiver else []
        for line in filter(None, told):
            typer.echo(f"  {one.name} of {one.file}: {line}")
        if (more := one.verdict.n_findings - len(one.verdict.findings)) > 0 and one.verdict.findings:
            typer.echo(f"  {one.name} of {one.file}: and {more:,} more")
        if one.waiver is not None:
            typer.echo(f"  {one.name} of {one.file} was waived by {one.waiver.by}: {one.waiver.reason}")
