"""What the steps of a folder's deposit hand back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fomrepo.errors import FomrepoError
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to."""

    #: Site that has the bytes.
    site: str
    #: Names of files that were sent, wholly or in part.
    sent: tuple[str, ...]
    #: Bytes of all files.
    total: int
    #: Set if the deposit is a record already.
    accession: str = ""
    #: How what was sent came there: ``door``, handed over open to a site on this machine; ``wire``, if a file of it was
    #: not; empty if nothing was sent.
    way: str = ""
    #: How a change of each file is noticed that was registered in place, by name; none of the others.
    guards: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What was found out about a file."""

    name: str
    #: Empty if it was refused, or not looked at.
    file_type: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: None: it was accepted.
    refusal: FomrepoError | None = None


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far one file of a draft is."""

    name: str
    #: In bytes.
    size: int
    #: Bytes that the site has.
    received: int
    #: Whether the site has verified all of them.
    verified: bool
    #: How a change of it is noticed, if it stays in place (docs/in-place.md); empty: the site has its bytes.
    guard: str = ""
    #: Of its bytes, once the site has verified them; empty before.
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class DepositStatus:
    """How far the deposit of a folder is."""

    #: ``none`` before the first push, then as in :class:`~fomrepo.model.deposits.DepositState`.
    state: str
    site: str = ""
    files: tuple[FileProgress, ...] = ()
    accession: str = ""
    #: Set when the site refused it, or a file of the draft when it last looked.
    refusal: FomrepoError | None = None


def checked_file(upload: deposits_pb2.Upload) -> CheckedFile:
    """Read what a site found out about a file."""
    if upload.HasField("refusal"):
        return CheckedFile(upload.name, refusal=failure_from_wire(upload.refusal))
    return CheckedFile(upload.name, upload.file_type, json.loads(upload.facts_json or "{}"))
