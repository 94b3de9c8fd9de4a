"""Deposits on their way to becoming a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fomrepo.model.files import Place, StatFingerprint
from fomrepo.model.quality import PlannedCheck


class DepositState(StrEnum):
    """States of a deposit; the last three are final."""

    #: Bytes are coming.
    DRAFT = "draft"
    #: All bytes are there and are being looked at in the sandbox.
    PROBING = "probing"
    #: It is a record now.
    ACCEPTED = "accepted"
    #: It was refused; the reason is kept, the bytes are not.
    QUARANTINED = "quarantined"
    #: Its depositor gave it up, or nobody continued it.
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file that a depositor says will come."""

    name: str
    #: In bytes.
    size: int
    #: Name of the topology in the same deposit; None if it needs none.
    topology: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a draft."""

    id: str
    file: ExpectedFile
    #: SHA-256 once every byte is there and safe; None before.
    digest: str | None


@dataclass(frozen=True, slots=True)
class Deposit:
    """A draft, or what became of it."""

    id: str
    #: Id of the depositor.
    principal: str
    #: Site that takes the bytes.
    site: str
    state: DepositState
    title: str
    project: str
    #: The record's name in its project.
    name: str
    #: Id of the record that gets a new version; None for a new record.
    new_version_of: str | None
    uploads: tuple[Upload, ...]
    #: Set when accepted: accession with version, ``FOM-402917.v1``.
    accession: str | None = None
    #: Set when quarantined: the failure as the wire has it.
    refusal: bytes | None = None
    #: What the depositor says of it; kept apart from what the files say. Empty: nothing.
    claims: Mapping[str, Any] = field(default_factory=dict)
    #: Seconds since 1970, UTC.
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that passed its probe, ready to become part of a record."""

    name: str
    file_type: str
    digest: str
    size: int
    fingerprint: StatFingerprint
    facts: Mapping[str, Any] = field(default_factory=dict)
    topology: str | None = None
    #: Digest, size and fingerprint of the object with the frame offsets; None where the format needs none.
    offsets: tuple[str, int, StatFingerprint] | None = None
    #: Where it lies, if it was registered in place; None: it is an object of the vault.
    place: Place | None = None
    #: Whether the site has another good copy of the same bytes, which it goes on to read; the place stands in for that.
    stands_in: bool = False
    #: Quality checks that it is to pass once it is accepted.
    checks: tuple[PlannedCheck, ...] = ()
