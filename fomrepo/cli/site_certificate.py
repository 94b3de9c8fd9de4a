"""``fomrepo site renew``, and what operators are told about certificates that end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_warning


def renew(
    home: Home,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Of another site: a copy of its secrets/site.pem, replaced here.", exists=True, dir_okay=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a site's certificate anew, on the home that founded the federation; start the site again afterwards."""
    from fomrepo.site.renewal import renew_certificate
    from fomrepo.site.settings import SiteHome

    site, end = renew_certificate(SiteHome(home), certificate)
    if json:
        print_json({"site": site, "certificate_ends": end.isoformat()})
    else:
        typer.echo(f"the certificate of {site} holds until {end:%Y-%m-%d}; start {site} again")


def renew_authority(
    home: Home,
    taken: Annotated[
        Path | None,
        typer.Option("--from", help="On another site: the founder's new federation.pem.", exists=True, dir_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Make the certificate of the federation's authority anew, for the same key: on the founder's home, then on others.

    Old and new one are good beside each other until the old one ends: sites and people take the new one in their time.
    """
    from fomrepo.site.renewal import renew_authority
    from fomrepo.site.settings import SiteHome

    end = renew_authority(SiteHome(home), taken)
    if json:
        print_json({"authority_ends": end.isoformat(), "file": str(home / "federation.pem")})
    else:
        typer.echo(f"the authority's certificate holds until {end:%Y-%m-%d}; start this site again")
        typer.echo(f"give {home / 'federation.pem'} to all other sites, and to people as before, in its place")


def warn_of_certificate(home: Path, *, as_json: bool) -> None:
    """Say on stderr what is to be done about the certificates in a home, if a site has its home there."""
    from fomrepo.site.renewal import certificate_warnings
    from fomrepo.site.settings import SiteHome

    found = SiteHome(home)
    for warning in certificate_warnings(found) if found.settings_file.exists() else ():
        print_warning(warning, as_json=as_json)
