"""``fomrepo audit``: what was changed in a federation, by whom, and whether the log of it is whole."""

from __future__ import annotations

import datetime
import json as json_text
from typing import Annotated

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import DigestMismatchError

audit = typer.Typer(no_args_is_help=True, help="The audit log of a federation, on the machine of a site.")


@audit.command("list")
def list_entries(
    home: Home,
    limit: Annotated[int, typer.Option(help="How many of the newest entries.", min=1)] = 50,
    json: Json = False,
) -> None:
    """List the newest entries, oldest of them first."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        found = administration.catalog.audit.newest(limit)
    for one in found if json else ():
        facts = {"number": one.number, "time": one.time, "actor": one.actor, "action": one.action}
        print_json({**facts, "subject": one.subject, "details": json_text.loads(one.details), "digest": one.digest})
    if not json:
        rows = [(str(one.number), _when(one.time), one.actor, one.action, one.subject, one.details) for one in found]
        print_table([(*row[:-1], "" if row[-1] == "{}" else row[-1]) for row in rows], right=(0,))


@audit.command()
def verify(home: Home, json: Json = False) -> None:
    """Check every entry against the chain, its head and the sites' seals; whatever does not hold is named."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        faults = list(administration.audit_faults())
        number, digest = administration.catalog.audit.head()
    if json:
        print_json({
            "ok": not faults,
            "entries": number,
            "digest": digest,
            "faults": [{"number": one.number, "what": one.what} for one in faults],
        })  # fmt: skip
    else:
        for one in faults:
            typer.echo(one.what)
    if faults:
        raise DigestMismatchError(
            f"the audit log does not hold: {len(faults)} fault{'s' if len(faults) > 1 else ''}, first at entry "
            f"{faults[0].number}",
            remedy="compare it with a backup; whoever can write to the catalog's database could do that",
        )
    if not json:
        typer.echo(f"{number} entries hold; digest of the newest: {digest or 'none'}")


def _when(moment: float) -> str:
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M:%S}"
