"""``fomrepo stubs``: the published methods as type checkers and editors know them."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.output import Json, print_json


def stubs(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="Where to; if not given, this environment's packages, where every type checker looks.",
            file_okay=False,
        ),
    ] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Write type stubs of all published methods: arguments, and the fields of results with their dtypes.

    pyright and Pylance also look in `typings`; mypy only among the installed packages. Run it again when methods were
    published.
    """
    from fomrepo.client.stubs import write_stubs

    with connected(profile) as repo:
        schemas = [one.schema for one in repo.methods()]
    written = write_stubs(schemas, folder or Path(sysconfig.get_path("purelib")))
    if json:
        print_json({"path": str(written), "methods": len(schemas)})
    else:
        typer.echo(f"{written}: {len(schemas)} methods")
