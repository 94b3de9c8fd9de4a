"""``fomrepo login`` and ``fomrepo profile``: who to ask, and as whom."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import ArgumentError
from fomrepo.model.people import token_handle

profile = typer.Typer(no_args_is_help=True, help="Profiles that `fomrepo login` wrote.")


def login(
    address: Annotated[str, typer.Argument(help="HOST:PORT of a site.")],
    ca: Annotated[Path | None, typer.Option(help="Certificate of the federation's authority.")] = None,
    name: Annotated[str, typer.Option("--profile", help="Name to keep it under.")] = "default",
    json: Json = False,
) -> None:
    """Keep an address and a token. The token is asked for, or read from standard input."""
    from fomrepo.client.profile import Profile, addresses, authority_text, write_profile
    from fomrepo.client.repository import repository_of

    sites, text = addresses(address), None if ca is None else authority_text(ca)
    token = (typer.prompt("token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if token_handle(token) is None:
        raise ArgumentError("that is no token", remedy="ask the site's operator for one: fomrepo token new USER")
    with repository_of(Profile(sites, token, text)) as repo:
        identity = repo.whoami()
        others = [one.address for one in repo.sites() if one.address not in sites]
    path = write_profile(name, Profile((*sites, *others), token, text))
    if json:
        print_json({"profile": name, "path": str(path), "user": identity.name, "federation": identity.federation})
    else:
        typer.echo(f"you are {identity.name} in {identity.federation}; kept as profile {name!r} in {path}")


@profile.command()
def show(json: Json = False) -> None:
    """Show the profiles, without their tokens."""
    from fomrepo.client.profile import profile_path, read_profiles

    found = read_profiles()
    if json:
        for name, one in found.items():
            print_json({"profile": name, "sites": list(one.sites), "token": token_handle(one.token)})
        return
    typer.echo(f"{profile_path()}", err=True)
    rows = [(name, ", ".join(one.sites), f"token {token_handle(one.token) or '?'}") for name, one in found.items()]
    print_table(rows or [("no profiles; make one: fomrepo login HOST:PORT --ca FILE",)])
