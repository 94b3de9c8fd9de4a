"""``fomrepo doctor | catalog``: what a site's machine needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.site_certificate import warn_of_certificate
from fomrepo.errors import SandboxUnavailableError

catalog = typer.Typer(no_args_is_help=True, help="The catalog: the database of what exists.")


def doctor(
    home: Home,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every attempt to get out.")] = False,
    json: Json = False,
) -> None:
    """Try out whether this machine can hold a stranger's code: attacks in a real sandbox.

    If a site has its home here, its certificate is looked at, too.
    """
    from fomrepo.isolation.doctor import detect_wall

    wall = detect_wall()
    if json:
        print_json(asdict(wall) | {"ok": wall.holds})
    else:
        if verbose or not wall.holds:
            shown = [one for one in wall.canaries if verbose or not one.held]
            print_table([("held" if one.held else "ESCAPED", one.name, one.tried, one.detail) for one in shown])
        typer.echo(f"{wall.level}: {wall.cause}")
        if wall.remedy and wall.holds:
            typer.echo(f"  better: {wall.remedy}")
    warn_of_certificate(home, as_json=json)
    if not wall.holds:
        raise SandboxUnavailableError("this machine runs no methods", remedy=wall.remedy)


@catalog.command()
def upgrade(home: Home, json: Json = False) -> None:
    """Bring the catalog's schema to the revision of this program."""
    from fomrepo.catalog import upgrade_catalog
    from fomrepo.catalog.schema import REVISION
    from fomrepo.site.settings import SiteHome

    upgrade_catalog(SiteHome(home).read_settings().catalog)
    if json:
        print_json({"revision": REVISION})
    else:
        typer.echo(f"the catalog has revision {REVISION}")


@catalog.command()
def index(home: Home, json: Json = False) -> None:
    """Make what is known of all records findable anew, as after an upgrade that brings more global names."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        count = administration.catalog.metadata.index_again()
    if json:
        print_json({"versions": count})
    else:
        typer.echo(f"{count} versions were indexed")
