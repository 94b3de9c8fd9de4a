"""What a depositor asks for, and what it may not be: looked at before anything is opened or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.deposit_plan import TITLE_LIMIT
from fomrepo.model.deposits import ExpectedFile
from fomrepo.model.files import check_file_name, check_slug
from fomrepo.model.operations import check_idempotency_key
from fomrepo.site.licences import spdx_licence

#: Most files of one deposit.
FILES_LIMIT = 1_000
#: Longest text of what a depositor says of a deposit, as JSON, in bytes.
CLAIMS_LIMIT_BYTES = 256 * 2**10


@dataclass(frozen=True, slots=True)
class DepositRequest:
    """What a depositor wants."""

    key: str
    title: str
    #: Empty: the depositor's own.
    project: str
    #: Empty: made from the title.
    name: str
    #: Empty: a new record.
    new_version_of: str
    files: tuple[ExpectedFile, ...]
    #: What the depositor says of it.
    claims: Mapping[str, Any] = field(default_factory=dict)


def check_request(request: DepositRequest) -> None:
    """Check names, title and pairing before anything is opened."""
    check_idempotency_key(request.key)
    check_description(request.title, request.claims)
    if request.project:
        check_slug(request.project, "project")
    if request.name:
        check_slug(request.name, "record")
    check_files(request.files)


def check_description(title: str, claims: Mapping[str, Any]) -> None:
    """Check what the depositor says."""
    title = title.strip()
    if not title or len(title) > TITLE_LIMIT or not title.isprintable():
        raise ArgumentError(
            "the deposit has no usable title", remedy=f"give --title with 1 to {TITLE_LIMIT} printable characters"
        )
    if licence := claims.get("licence"):
        spdx_licence(str(licence))
    if len(canonical_json(dict(claims))) > CLAIMS_LIMIT_BYTES:
        raise ArgumentError(
            f"what is said of the deposit is longer than {CLAIMS_LIMIT_BYTES // 2**10} KiB",
            remedy="put long texts into a file of the deposit",
        )


def check_files(files: Sequence[ExpectedFile]) -> None:
    """Check names and pairing."""
    if not 1 <= len(files) <= FILES_LIMIT:
        raise ArgumentError(f"the deposit has {len(files)} files, 1 to {FILES_LIMIT} are allowed")
    names = [check_file_name(one.name) for one in files]
    if twice := _first_repeated([name.lower() for name in names]):
        raise ArgumentError(
            f"two files of the deposit are named {twice!r}", remedy="rename one of them; case does not count"
        )
    for one in files:
        paired = next((other for other in files if other.name == one.topology), None)
        if one.topology and (paired is None or paired.topology or paired is one):
            raise ArgumentError(f"{one.name} is paired with {one.topology!r}, which is no topology of this deposit")


def _first_repeated(names: Sequence[str]) -> str | None:
    return next((name for position, name in enumerate(names) if name in names[:position]), None)
