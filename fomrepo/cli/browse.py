"""``fomrepo browse``: the repository as web pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName
from fomrepo.cli.output import Json, print_json


def browse(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8080",
    url: Annotated[
        str | None, typer.Option(help="How people reach it, if a proxy stands before it: https://data.example.org.")
    ] = None,
    provider_secrets: Annotated[
        Path | None,
        typer.Option(
            help='TOML file with the secrets of these pages at identity providers: a line NAME = "SECRET" for each.',
            envvar="FOMREPO_PROVIDER_SECRETS",
        ),
    ] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Serve web pages over the federation: search, records, methods, statistics. Reading needs no account.

    The profile is the visitors': of a user who is a member of no project (docs/browser.md). Nothing but what is
    published is ever shown to them. Who logs in, with a token or by an identity provider (docs/login.md), sees and does
    what is theirs.
    """
    from fomrepo.client.results.optional import imports_for

    with imports_for("fomrepo browse", install="fomrepo[browser]"):
        from fomrepo.browser.application import browser_application
        from fomrepo.browser.identity import read_client_secrets
        from fomrepo.browser.serve import listen_address, serve
    from fomrepo.client.profile import choose_profile

    address = listen_address(listen)
    public = url or f"http://{listen}"
    secrets = {} if provider_secrets is None else read_client_secrets(provider_secrets)
    app = browser_application(choose_profile(None, None, None, profile), url=public, client_secrets=secrets)

    def ready() -> None:
        if json:
            print_json({"url": public})
        else:
            typer.echo(f"{public} shows what is published; Ctrl-C ends it", err=True)

    serve(app, address, ready)
