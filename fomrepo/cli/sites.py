"""``fomrepo site`` and ``fomrepo up``: sites on this machine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.homes import Home
from fomrepo.cli.in_place import scrub
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.site_certificate import renew, renew_authority, warn_of_certificate
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.site.settings import SiteSettings

site = typer.Typer(no_args_is_help=True, help="Sites on this machine.")

#: Columns of a list of sites.
_HEADS = ("site", "address", "state", "wall", "running", "waiting", "slots")
#: And those for whoever has a site's home: runs since it started by their way, files held ready, and their memory.
_OPERATORS_HEADS = ("hot", "cold", "held", "held MiB")


@site.command()
def init(
    home: Home,
    name: Annotated[str, typer.Option(help="Name of the site, unique in the federation.")],
    federation: Annotated[str | None, typer.Option(help="Name of the federation that it founds.")] = None,
    join: Annotated[
        Path | None, typer.Option(help="Home of the site that founded the federation to join.", file_okay=False)
    ] = None,
    address: Annotated[str, typer.Option(help="HOST:PORT for clients; port 0 takes a free one.")] = "127.0.0.1:0",
    peer_address: Annotated[str, typer.Option(help="HOST:PORT for other sites.")] = "127.0.0.1:0",
    host: Annotated[list[str] | None, typer.Option(help="Name by which others reach it; may be repeated.")] = None,
    catalog: Annotated[str | None, typer.Option(help="URL of the catalog; SQLite in its home if not given.")] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Runs at the same time; one a processor if not given.")
    ] = None,
    approvals: Annotated[int, typer.Option(help="Of a new federation: reviewers who must sign a method.")] = 1,
    other_institution: Annotated[
        bool, typer.Option(help="Of a new federation: one of them is of another institution than the author.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the home of a site: it founds a federation, or joins one."""
    from fomrepo.model.submissions import ReviewPolicy
    from fomrepo.site.founding import init_site

    if join is not None and federation is not None:
        raise ArgumentError(
            "a site founds a federation or joins one", remedy="give --federation NAME or --join HOME, not both"
        )
    made = init_site(
        home,
        name=name,
        federation=federation,
        join=join,
        address=address,
        peer_address=peer_address,
        hosts=tuple(dict.fromkeys(("localhost", "127.0.0.1", *(host or ())))),
        catalog=catalog,
        slots=slots,
        policy=ReviewPolicy(approvals, other_institution),
    )
    settings = made.read_settings()
    if json:
        print_json({"site": settings.name, "home": str(made.folder), "address": settings.address})
    else:
        typer.echo(
            f"{settings.name} is made in {made.folder}; start it: fomrepo site serve --home {quote(str(made.folder))}"
        )


@site.command()
def serve(home: Home, json: Json = False) -> None:
    """Run a site until it is told to stop."""
    from fomrepo.site.serve import serve

    serve(home, say=lambda sentence: _say(sentence, json))


@site.command()
def status(home: Home, profile: ProfileName = None, json: Json = False) -> None:
    """Say how the sites of the federation are: of the one whose home is here, else of the one of the profile.

    Whoever has a home also sees how each site ran methods since it started: hot, beside data that it holds ready, or
    cold, in a sandbox made for the run; the memory promised to what it holds and to the sandbox that waits for the next
    file; with which of its identity providers nobody can log in now; and that the certificate of that home ends within
    60 days, or that of the federation's authority within a year.
    """
    faults: Mapping[str, str] = {}
    if (home / "site.toml").exists():
        from fomrepo.site.administration import open_administration

        with open_administration(home) as administration:
            entries = administration.catalog.sites.all(time.time())
        rows = [(e.name, e.address, e.up, e.wall, e.load.running, e.load.waiting, e.load.slots) for e in entries]
        more = [(e.runs.hot, e.runs.cold, e.runs.holders, e.runs.held_bytes // 2**20) for e in entries]
        faults = _provider_faults(administration.settings)
    else:
        with connected(profile) as repo:
            rows = [(s.name, s.address, s.up, s.wall, s.running, s.waiting, s.slots) for s in repo.sites()]
        more = []
    heads = (*_HEADS, *_OPERATORS_HEADS) if more else _HEADS
    whole = [(*row, *figures) for row, figures in itertools.zip_longest(rows, more, fillvalue=())]
    if json:
        names = ("site", "address", "up", *(head.replace(" ", "_") for head in heads[3:]))
        for row in whole:
            print_json(dict(zip(names, row, strict=True)))
        for name, fault in faults.items():
            print_json({"provider": name, "fault": fault})
    else:
        shown = [
            (name, address, "never started", "-", *map(str, rest))
            if wall == "UNKNOWN"
            else (name, address, "up" if up else "down", wall, *(str(one) if up else "-" for one in rest))
            for name, address, up, wall, *rest in whole
        ]
        print_table(shown, heads, right=range(4, len(heads)))
        for name, fault in faults.items():
            typer.echo(f"nobody can log in with {name} now: {fault}", err=True)
    warn_of_certificate(home, as_json=json)


site.command()(renew)
site.command()(renew_authority)
site.command()(scrub)


def up(home: Home, json: Json = False) -> None:
    """Run a site of your own: made at the first time, with you as its user, and your profile written."""
    from fomrepo.cli.first_start import prepare_own_site
    from fomrepo.site.serve import serve

    for sentence in prepare_own_site(home):
        _say(sentence, json)
    serve(home, say=lambda sentence: _say(sentence, json))


def _provider_faults(settings: SiteSettings) -> dict[str, str]:
    """Why nobody can log in with a provider now, by the names of those where it is so."""
    if not settings.providers:
        return {}
    from fomrepo.site.identity_keys import provider_fault

    asked = ((one.name, provider_fault(one.provider)) for one in settings.providers)
    return {name: fault for name, fault in asked if fault is not None}


def _say(sentence: str, as_json: bool) -> None:
    if as_json:
        print_json({"say": sentence})
    else:
        typer.echo(sentence)
