"""``fomrepo user link | unlink | identities``: which identities at providers log in to which account."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.people import User, user

__all__ = ["user"]

Issuer = Annotated[str, typer.Option(help="Address of the identity provider, such as https://orcid.org.")]
Subject = Annotated[str, typer.Option(help="What it calls that person; an ORCID iD at ORCID.")]


@user.command()
def link(name: User, issuer: Issuer, subject: Subject, home: Home, json: Json = False) -> None:
    """Let an identity at a provider log in to a user's account."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        administration.catalog.identities.link(name, issuer, subject)
        known = {one.issuer for one in administration.settings.providers}
    if json:
        print_json({"user": name, "issuer": issuer, "subject": subject})
        return
    typer.echo(f"{subject} of {issuer} logs in as {name}")
    if issuer not in known:
        typer.echo(f"once a site has that provider among [[providers]] in its site.toml, as {home} has not", err=True)


@user.command()
def unlink(issuer: Issuer, subject: Subject, home: Home, json: Json = False) -> None:
    """Take an identity from its account; every token that it was given is worthless at once."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        administration.catalog.identities.unlink(issuer, subject)
    if json:
        print_json({"issuer": issuer, "subject": subject, "linked": False})
    else:
        typer.echo(f"{subject} of {issuer} logs in to no account")


@user.command()
def identities(
    home: Home,
    name: Annotated[str | None, typer.Argument(metavar="[USER]", help="Of this user only.")] = None,
    json: Json = False,
) -> None:
    """List the identities that log in to accounts."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        found = administration.catalog.identities.linked(name)
    if json:
        for one in found:
            print_json({"user": one.user, "issuer": one.issuer, "subject": one.subject, "created": one.created})
    else:
        print_table([(one.user, one.issuer, one.subject, _day(one.created)) for one in found])


def _day(time: float) -> str:
    return f"{datetime.datetime.fromtimestamp(time, datetime.UTC):%Y-%m-%d}"
