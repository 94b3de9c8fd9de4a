"""The command line: ``fomrepo COMMAND``. Each module has one group of commands and loads what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from fomrepo.cli import (
    audit,
    browse,
    calls,
    deposit,
    environments,
    get,
    keys,
    lifecycle,
    login,
    machine,
    metadata,
    method_submission,
    methods,
    mount,
    people,
    profiles,
    quality,
    records,
    review,
    revocation,
    samples,
    sites,
    stubs,
    user_identities,
)
from fomrepo.cli.commands import Commands
from fomrepo.cli.output import print_json
from fomrepo.errors import ArgumentError

__all__ = ["app"]

app = typer.Typer(
    cls=Commands,
    name="fomrepo",
    help="Files are objects: call methods on trajectories where the data is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_DATA, _SITES = "Records and methods", "Sites and people"

app.add_typer(deposit.deposit, name="deposit", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(records.ls)
app.command(rich_help_panel=_DATA)(records.show)
app.command(rich_help_panel=_DATA, context_settings=calls.METHOD_OPTIONS)(calls.call)
app.command(rich_help_panel=_DATA)(get.get)
app.command(rich_help_panel=_DATA)(mount.mount)
app.command(rich_help_panel=_DATA)(records.replicate)
app.command(rich_help_panel=_DATA)(lifecycle.publish)
app.command(rich_help_panel=_DATA)(lifecycle.embargo)
app.command(rich_help_panel=_DATA)(lifecycle.supersede)
app.command(rich_help_panel=_DATA)(lifecycle.withdraw)
app.command(rich_help_panel=_DATA)(lifecycle.similar)
app.command(rich_help_panel=_DATA)(stubs.stubs)
app.add_typer(methods.method, name="method", rich_help_panel=_DATA)
for command in (
    method_submission.submit,
    method_submission.status,
    method_submission.withdraw,
    method_submission.attach,
    revocation.deprecate,
    revocation.revoke,
    revocation.tainted,
):
    methods.method.command()(command)
app.add_typer(metadata.metadata, name="metadata", rich_help_panel=_DATA)
app.add_typer(quality.quality, name="quality", rich_help_panel=_DATA)
app.add_typer(review.review, name="review", rich_help_panel=_DATA)
app.add_typer(keys.key, name="key", rich_help_panel=_DATA)
app.add_typer(calls.operation, name="operation", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(login.login)
app.command(rich_help_panel=_DATA)(login.logout)
app.add_typer(profiles.profile, name="profile", rich_help_panel=_DATA)
app.command(rich_help_panel=_SITES)(sites.up)
app.command(rich_help_panel=_SITES)(browse.browse)
app.add_typer(sites.site, name="site", rich_help_panel=_SITES)
app.command(rich_help_panel=_SITES)(machine.doctor)
app.add_typer(environments.environment, name="environment", rich_help_panel=_SITES)
app.add_typer(samples.samples, name="samples", rich_help_panel=_SITES)
app.add_typer(machine.catalog, name="catalog", rich_help_panel=_SITES)
app.add_typer(audit.audit, name="audit", rich_help_panel=_SITES)
app.add_typer(user_identities.user, name="user", rich_help_panel=_SITES)
app.add_typer(people.token, name="token", rich_help_panel=_SITES)
app.add_typer(people.project, name="project", rich_help_panel=_SITES)
app.add_typer(review.reviewer, name="reviewer", rich_help_panel=_SITES)


def _print_version(ctx: typer.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        number = version("fomrepo")
        if isinstance(ctx.command, Commands) and ctx.command.as_json:
            print_json({"version": number})
        else:
            typer.echo(f"fomrepo {number}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
    json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Files are objects: call methods on trajectories where the data is."""
    if json:
        raise ArgumentError("--json stands before the command", remedy="put it behind: fomrepo COMMAND ... --json")
