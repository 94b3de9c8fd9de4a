"""``fomrepo user | token | project``: who may ask, and what they share."""

from __future__ import annotations

import datetime
import time
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fomrepo.model.desk import OwnToken
    from fomrepo.site.administration import Administration

user = typer.Typer(no_args_is_help=True, help="Users of a federation.")
token = typer.Typer(no_args_is_help=True, help="Access tokens of users.")
project = typer.Typer(no_args_is_help=True, help="Projects: people who share records.")

User = Annotated[str, typer.Argument(metavar="USER", help="Name of a user.")]
Own = Annotated[bool, typer.Option("--own", help="Of yours, at any site; not at the site of this machine.")]
ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="Name of a project.")]


@user.command("add")
def add_user(
    name: User,
    home: Home,
    institution: Annotated[str, typer.Option(help="Where they work.")] = "",
    json: Json = False,
) -> None:
    """Add a user, with a project of their own."""
    with _administration(home) as administration:
        administration.catalog.people.add_principal(name)
        administration.catalog.reviewers.set_institution(name, institution)
    _told({"user": name}, f"added {name}; give them a token: fomrepo token new {name} --home {quote(str(home))}", json)


@user.command("institution")
def set_institution(
    name: User,
    institution: Annotated[str, typer.Argument(help="Where they work; an empty text: nobody knows.")],
    home: Home,
    json: Json = False,
) -> None:
    """Say where a user works, for policies that ask for a reviewer of another institution."""
    with _administration(home) as administration:
        administration.catalog.reviewers.set_institution(name, institution)
    _told({"user": name, "institution": institution or None}, f"{name}: {institution or 'unknown'}", json)


@user.command("list")
def list_users(home: Home, json: Json = False) -> None:
    """List the users, and the projects that they are members of."""
    with _administration(home) as administration:
        projects = administration.catalog.people.projects()
    shared: dict[str, list[str]] = {}
    for one in projects:
        for member in one.members:
            shared.setdefault(member, []).append(one.name)
    if json:
        for name, names in sorted(shared.items()):
            print_json({"user": name, "projects": names})
    else:
        print_table([(name, ", ".join(names)) for name, names in sorted(shared.items())])


@token.command("new")
def new_token(
    name: User,
    home: Home,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[float | None, typer.Option(help="Days until it expires; never if not given.", min=0)] = None,
    json: Json = False,
) -> None:
    """Make a token. It is shown once and kept nowhere."""
    with _administration(home) as administration:
        text = administration.new_token(name, label=label, days=days)
    _told({"user": name, "token": text}, text, json)


@token.command("list")
def list_tokens(
    home: Home,
    name: Annotated[str | None, typer.Argument(metavar="[USER]", help="Of this user only.")] = None,
    own: Own = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List tokens by the part that names them: all of a federation, for its operator, or with --own yours."""
    if own:
        with connected(profile) as repo:
            _show_own(repo.desk.tokens(), json)
        return
    with _administration(home) as administration:
        found = administration.catalog.people.tokens(name)
    if json:
        for one in found:
            facts = {"token": one.handle, "user": one.principal, "label": one.label}
            print_json(facts | {"expires": one.expires, "revoked": one.revoked})
    else:
        print_table([(one.handle, one.principal, _validity(one.expires, one.revoked), one.label) for one in found])


@token.command("revoke")
def revoke_token(
    handle: Annotated[str, typer.Argument(metavar="TOKEN", help="The part that names it, or the whole token.")],
    home: Home,
    own: Own = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Make a token worthless: any one, for an operator, or with --own one of yours."""
    from fomrepo.model.people import token_handle

    named = token_handle(handle) or handle
    if own:
        with connected(profile) as repo:
            repo.desk.revoke_token(named)
        _told({"token": named, "revoked": True}, f"{named} is revoked", json)
        return
    with _administration(home) as administration:
        administration.catalog.people.revoke_token(named, time.time())
    _told({"token": named, "revoked": True}, f"{named} is revoked", json)


@project.command("new")
def new_project(
    name: ProjectName,
    home: Home,
    member: Annotated[list[str] | None, typer.Option(help="A user who is in it; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """Make a project."""
    with _administration(home) as administration:
        made = administration.catalog.people.add_project(name, members=member or ())
    _told({"project": name, "members": list(made.members)}, f"made {name}", json)


@project.command("list")
def list_projects(home: Home, json: Json = False) -> None:
    """List the projects and their members."""
    with _administration(home) as administration:
        found = administration.catalog.people.projects()
    if json:
        for one in found:
            print_json({"project": one.name, "members": list(one.members)})
    else:
        print_table([(one.name, ", ".join(one.members)) for one in found])


@project.command()
def add_member(name: ProjectName, member: User, home: Home, json: Json = False) -> None:
    """Let a user into a project."""
    with _administration(home) as administration:
        administration.catalog.people.add_member(name, member)
    _told({"project": name, "added": member}, f"{member} is in {name}", json)


@project.command()
def remove_member(name: ProjectName, member: User, home: Home, json: Json = False) -> None:
    """Take a user out of a project."""
    with _administration(home) as administration:
        administration.catalog.people.remove_member(name, member)
    _told({"project": name, "removed": member}, f"{member} is no longer in {name}", json)


def _administration(home: Path) -> AbstractContextManager[Administration]:
    from fomrepo.site.administration import open_administration

    return open_administration(home)


def _told(document: dict[str, object], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        typer.echo(sentence)


def _show_own(found: Sequence[OwnToken], as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json({"token": one.handle, "label": one.label, "expires": one.expires, "revoked": one.revoked})
    else:
        rows = [
            (one.handle, _validity(one.expires, one.revoked), one.label, "this one" if one.this else "")
            for one in found
        ]
        print_table(rows)


def _validity(expires: float | None, revoked: float | None) -> str:
    if revoked is not None:
        return f"revoked {datetime.datetime.fromtimestamp(revoked, datetime.UTC):%Y-%m-%d}"
    return (
        "no end"
        if expires is None
        else f"until {datetime.datetime.fromtimestamp(expires, datetime.UTC):%Y-%m-%d %H:%M}"
    )
