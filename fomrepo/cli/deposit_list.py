"""``fomrepo deposit list``: what you have deposited, and what is still on its way."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.submission_lists import day


def list_deposits(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most deposits that are listed.")] = 50,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List your deposits, the newest first, with what became of each."""
    with connected(profile) as repo:
        found = repo.desk.deposits(limit=limit)
    if json:
        for one in found:
            refusal = None if one.refusal is None else one.refusal.message
            print_json(asdict(replace(one, refusal=None)) | {"state": one.state.value, "refusal": refusal})
        return
    print_table([
        (
            one.accession or one.id,
            one.state.value,
            day(one.created),
            f"{one.arrived} of {one.files} files at {one.site}",
            one.title if one.refusal is None else f"{one.title}: {one.refusal.message}",
        )
        for one in found
    ])  # fmt: skip
