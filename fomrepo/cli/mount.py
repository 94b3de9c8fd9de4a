"""``fomrepo mount``: records as folders of this machine."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName
from fomrepo.cli.output import Json, print_failure, print_json


def mount(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty folder.", show_default=False)],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Show the records that you may see as read-only folders below DIR, until Ctrl-C.

    Programs that know nothing but files read there; what they read comes from a site, block by block.
    """
    from fomrepo.client.results.optional import imports_for

    with imports_for("fomrepo mount", install="fomrepo[mount]"):
        from fomrepo.client.filesystem import FomFileSystem
    from fomrepo.client.mount import mount as mount_records

    def ready() -> None:
        if json:
            print_json({"mounted": str(folder)})
        else:
            end = f"Ctrl-C, or fusermount3 -u {quote(str(folder))}"
            typer.echo(f"{folder} shows your records; {end}, ends it", err=True)

    fs = FomFileSystem(profile=profile, skip_instance_cache=True)
    try:
        mount_records(fs, folder, ready=ready, say=print_failure)
    finally:
        fs.close()
