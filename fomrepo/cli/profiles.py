"""``fomrepo profile``: who to ask, and as whom."""

from __future__ import annotations

import typer

from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.model.people import token_handle

profile = typer.Typer(no_args_is_help=True, help="Profiles that `fomrepo login` wrote.")


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
