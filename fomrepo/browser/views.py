"""What pages tell of methods and sites, as plain values: the same for people (templates) and for machines (JSON)."""

from __future__ import annotations

from typing import Any

from fomrepo.browser.listed import is_public
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName


def readable_record(repo: Repository, name: str, *, visitor: bool) -> Record:
    """Fetch a record that whoever looks may see.

    A visitor's principal is a member of no project; should somebody have made it one, nothing private is shown for it.

    Raises
    ------
    NotFoundError
        Alike for what does not exist and for what they may not see.
    """
    record = repo[str(RecordName.parse(name))]
    if visitor and not is_public(record):
        raise NotFoundError(f"no record {name} that everybody may see")
    return record


def sites_view(repo: Repository) -> list[dict[str, Any]]:
    """Tell of each site whether it is up, what it can run and how busy it is."""
    return [
        {
            "name": one.name,
            "up": one.up,
            "wall": one.wall,
            "running": one.running,
            "waiting": one.waiting,
            "slots": one.slots,
        }
        for one in repo.sites()
    ]
