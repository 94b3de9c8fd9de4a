"""``fomrepo browse``: the repository as web pages."""

from __future__ import annotations

from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName
from fomrepo.cli.output import Json, print_json


def browse(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8080",
    url: Annotated[
        str | None, typer.Option(help="How people reach it, if a proxy stands before it: https://data.example.org.")
    ] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Serve web pages over the federation: search, records, methods, statistics. Reading needs no account.

    The profile is the visitors': of a user who is a member of no project (docs/browser.md). Nothing but what is
    published is ever shown to them. Who logs in with a token sees and does what that token allows.
    """
    from fomrepo.client.results.optional import imports_for

    with imports_for("fomrepo browse", install="fomrepo[browser]"):
        from fomrepo.browser.application import browser_application
        from fomrepo.browser.serve import listen_address, serve
    from fomrepo.client.profile import choose_profile

    address = listen_address(listen)
    public = url or f"http://{listen}"
    app = browser_application(choose_profile(None, None, None, profile), url=public)

    def ready() -> None:
        if json:
            print_json({"url": public})
        else:
            typer.echo(f"{public} shows what is published; Ctrl-C ends it", err=True)

    serve(app, address, ready)
