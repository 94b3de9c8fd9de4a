"""``fomrepo login`` and ``fomrepo logout``: with a token, or by an identity provider."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.output import Json, print_json
from fomrepo.errors import ArgumentError, FomrepoError, NotFoundError
from fomrepo.model.people import token_handle

if TYPE_CHECKING:
    from fomrepo.client.profile import Profile
    from fomrepo.model.identities import Provider

Kept = Annotated[str, typer.Option("--profile", help="Name of the profile.")]


def login(
    address: Annotated[str | None, typer.Argument(help="HOST:PORT of a site.")] = None,
    ca: Annotated[Path | None, typer.Option(help="Certificate of the federation's authority.")] = None,
    provider: Annotated[
        str | None, typer.Option(help="Log in by this identity provider of the site's, without a token.")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="With --provider: link your identity there to the profile's account.")
    ] = False,
    name: Kept = "default",
    json: Json = False,
) -> None:
    """Keep an address and a token. The token is asked for, read from standard input, or given by --provider."""
    from fomrepo.client.profile import Profile, addresses, authority_text, write_profile
    from fomrepo.client.repository import repository_of

    if link:
        _link(provider, name, json)
        return
    if address is None:
        raise ArgumentError("no site was named", remedy="fomrepo login HOST:PORT --ca FILE")
    sites, text = addresses(address), None if ca is None else authority_text(ca)
    expires = None
    if provider is None:
        typed = typer.prompt("token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
        token = typed.strip()
        if token_handle(token) is None:
            remedy = "ask the site's operator for one: fomrepo token new USER --home HOME"
            raise ArgumentError("that is no token", remedy=remedy)
    else:
        token, expires = _by_provider(Profile(sites, "", text), provider)
    with repository_of(Profile(sites, token, text)) as repo:
        identity = repo.whoami()
        others = [one.address for one in repo.sites() if one.address not in sites]
    path = write_profile(name, Profile((*sites, *others), token, text))
    if json:
        document = {"profile": name, "path": str(path), "user": identity.name, "federation": identity.federation}
        print_json(document | ({} if expires is None else {"expires": expires}))
    else:
        end = "" if expires is None else f" until {datetime.datetime.fromtimestamp(expires):%Y-%m-%d %H:%M}"
        typer.echo(f"you are {identity.name} in {identity.federation}{end}; kept as profile {name!r} in {path}")


def logout(name: Kept = "default", json: Json = False) -> None:
    """Forget a profile. A token that came from a provider is made worthless; any other stays good."""
    from fomrepo.client.connection import Connection
    from fomrepo.client.identity import Identities
    from fomrepo.client.profile import forget_profile, read_profiles

    profile = read_profiles().get(name)  # what the environment says is not what is forgotten
    if profile is None:
        raise NotFoundError(f"there is no profile {name!r}", remedy="see those that there are: fomrepo profile show")
    connection = Connection(profile)
    fault, ended = None, False
    try:
        ended = Identities(connection).end()
    except FomrepoError as error:  # it is forgotten here all the same
        fault = error
    finally:
        connection.close()
    forget_profile(name)
    if json:
        print_json({"profile": name, "forgotten": True, "ended": ended})
    else:
        typer.echo(f"the profile {name!r} is forgotten" + (", and its token is worthless" if ended else ""))
    if fault is not None:
        typer.echo(f"the site was not told: {fault.message}", err=True)


def _link(provider: str | None, name: str, json: bool) -> None:
    from fomrepo.cli.connected import connected

    if provider is None:
        raise ArgumentError("no provider was named", remedy="fomrepo login --link --provider NAME")
    with connected(None if name == "default" else name) as repo:
        found = repo.identities.provider(provider)
        nonce = repo.identities.begin(found)
        linked = repo.identities.link(found, _id_token(found), nonce, from_device=True)
    if json:
        print_json({"user": linked.user, "issuer": linked.issuer, "subject": linked.subject})
    else:
        typer.echo(f"{linked.user} can log in as {linked.subject} of {linked.issuer} from now on")


def _by_provider(profile: Profile, name: str) -> tuple[str, float]:
    """Log in by a provider; gives the token, and when it ends."""
    from fomrepo.client.connection import Connection
    from fomrepo.client.identity import Identities

    connection = Connection(profile)
    try:
        identities = Identities(connection)
        found = identities.provider(name)
        nonce = identities.begin(found)
        given = identities.finish(found, _id_token(found), nonce, from_device=True)
    finally:
        connection.close()
    return given.token, given.expires


def _id_token(provider: Provider) -> str:
    """Have somebody log in with a provider, on whatever machine they have a browser on."""
    from fomrepo.client.device_login import ask_for_code, wait_for_id_token

    code = ask_for_code(provider)
    typer.echo(f"open {code.address} in a browser, and enter {code.user_code}", err=True)
    if code.complete_address:
        typer.echo(f"or open {code.complete_address}", err=True)
    return wait_for_id_token(provider, code)
