"""``fomrepo method revoke | deprecate | tainted``: methods that are no longer to be used, and whom that touches."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.confirmation import Yes, ask_to_go_on
from fomrepo.cli.connected import MethodName, ProfileName, connected
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.model.statements import MethodState

Version = Annotated[str, typer.Argument(help="Exact version.")]
Reason = Annotated[str, typer.Option(help="Why; every caller reads it.", show_default=False)]
Key = Annotated[str, typer.Option(help="Key on this machine to sign with.")]
OperatorHome = Annotated[
    Path | None,
    typer.Option("--home", help="As an operator: the home that founded the federation.", file_okay=False),
]


def revoke(
    name: MethodName,
    version: Version,
    reason: Reason,
    key: Key = "default",
    home: OperatorHome = None,
    yes: Yes = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Stop a method at all sites within seconds, and its results with it; as a reviewer, or as an operator."""
    if not yes:
        ask_to_go_on(f"{name} {version} is revoked for everybody. That cannot be taken back. Go on?")
    _judge(name, version, MethodState.REVOKED, reason, key, home, profile, json)


def deprecate(
    name: MethodName,
    version: Version,
    reason: Reason,
    key: Key = "default",
    home: OperatorHome = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Warn whoever uses a method that there is a better one; as a reviewer, or as an operator."""
    _judge(name, version, MethodState.DEPRECATED, reason, key, home, profile, json)


def tainted(
    name: Annotated[str, typer.Argument(metavar="[METHOD]", help="Only of this method.")] = "",
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List those of your own results that were computed by methods which were revoked since."""
    with connected(profile) as repo:
        found = repo.trust.tainted(name)
    for one in found if json else ():
        print_json(asdict(one))
    if not json and not found:
        typer.echo("none of your results was computed by a method that was revoked")
    elif not json:
        rows = [
            (
                one.operation,
                f"{datetime.datetime.fromtimestamp(one.created, datetime.UTC):%Y-%m-%d}",
                f"{one.method} {one.version}",
                ", ".join(one.files),
                one.reason,
            )
            for one in found
        ]
        print_table(rows, ("operation", "day", "method", "files", "why it was revoked"))


def _judge(
    name: str,
    version: str,
    state: MethodState,
    reason: str,
    key: str,
    home: Path | None,
    profile: str | None,
    as_json: bool,
) -> None:
    if home is not None:
        from fomrepo.site.administration import open_administration

        with open_administration(home) as administration:
            administration.trust.set_state(name, version, state, reason)
    else:
        from fomrepo.cli.keys import opened_key

        signer = opened_key(key)
        with connected(profile) as repo:
            state = repo.trust.judge(repo.method(name, version), state, reason, signer)
    if as_json:
        print_json({"method": name, "version": version, "state": state.value, "reason": reason})
    else:
        typer.echo(f"{name} {version} is {state}")
