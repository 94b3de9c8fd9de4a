"""Files as objects: types and families, records and versions, replicas, names that are allowed."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fomrepo.errors import ArgumentError, WithdrawnError
from fomrepo.installed_types import installed_types

#: Families that a method may bind to, besides single types: what a method is handed depends on the family alone.
FAMILIES = ("topology", "trajectory", "structure", "energy", "table", "array", "text")

#: Longest name of a file in a record. 128 leaves room for suffixes under the 255 bytes of common file systems.
FILE_NAME_LIMIT = 128

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+=@()-]*")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ACCESSION = re.compile(r"(FOM-[1-9][0-9]{5,11})(?:\.v([1-9][0-9]{0,5}))?")


class ReplicaState(StrEnum):
    """What may be done with a copy of a file at a site."""

    #: Being copied; nobody reads it.
    INTERMEDIATE = "intermediate"
    #: Whole and verified.
    GOOD = "good"
    #: Registered in place, and the file has changed since.
    STALE = "stale"
    #: Its bytes differ from the digest.
    BAD = "bad"


class RecordState(StrEnum):
    """Who sees a version of a record."""

    #: Members of its project.
    PRIVATE = "private"
    #: Members of its project until a date, then everybody; the version is immutable. Seen by the clock, never stored.
    EMBARGOED = "embargoed"
    #: Everybody; the version is immutable.
    PUBLISHED = "published"
    #: A tombstone: metadata only, for those who could see the version.
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StatFingerprint:
    """What a file system says of a file: differs when the file was written, replaced or moved."""

    device: int
    inode: int
    #: In bytes.
    size: int
    #: Last change of the content, ns since 1970.
    mtime_ns: int
    #: Last change of the content or the inode, ns since 1970; cannot be set by an ordinary program.
    ctime_ns: int


class Guard(StrEnum):
    """How a change of a file in place is noticed, besides by what the file system says of it (docs/in-place.md)."""

    #: Its bytes were read while nobody had it open for writing: every later change shows in its time of change.
    LEASE = "lease"
    #: Somebody may have written to it unseen: it is read again before a result computed from it is given out.
    REHASH = "rehash"
    #: Its file system does not tell this machine of every change: results computed from it are not kept.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies that was registered in place, outside of the site's own folders."""

    #: Absolute, without symbolic links.
    path: str
    guard: Guard
    #: Number of the user of the operating system who handed it over, as the kernel named him.
    handed_by: int
    #: When all of its bytes were last read and found right, seconds since 1970.
    checked: float


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of a file's bytes at one site."""

    site: str
    digest: str
    state: ReplicaState
    #: Counts changes of this replica; a result is committed only under the generation that it was computed with.
    generation: int
    fingerprint: StatFingerprint
    #: None: it is an object of the site's vault.
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class FileObject:
    """One file of a record version."""

    id: str
    name: str
    #: ``PSF``, ``XTC`` ...
    file_type: str
    #: SHA-256 of the content.
    digest: str
    #: In bytes.
    size: int
    #: Facts read by the probe, as docs/guest-protocol.md lists them.
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: Name of the topology in the same record; None for a file that needs none.
    topology: str | None = None
    #: Digest of the container with the frame offsets; None where the format needs none.
    offsets_digest: str | None = None

    @property
    def families(self) -> tuple[str, ...]:
        """Families that the file belongs to, its own first: as the probe found, else those that its type can have."""
        if "families" in self.facts:
            return tuple(self.facts["families"])
        known = installed_types().get(self.file_type)
        return known.families if known else ()


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """One version of a record, with its files."""

    record_id: str
    version_id: str
    #: ``FOM-402917``, without the version.
    accession: str
    #: Counted from 1.
    number: int
    #: Whether it is the newest version.
    current: bool
    state: RecordState
    title: str
    project: str
    #: The record's name in its project.
    name: str
    #: Name of the depositor.
    owner: str
    #: Seconds since 1970, UTC.
    created: float
    #: None of a withdrawn version.
    files: tuple[FileObject, ...] = ()
    #: SPDX expression; None before it is published.
    licence: str | None = None
    #: Since when, or from when on, everybody sees it, seconds since 1970; None: members of its project alone.
    public_from: float | None = None
    #: When it was withdrawn, seconds since 1970, and why; None and empty if it was not.
    withdrawn: float | None = None
    reason: str = ""
    #: What took its place, as far as whoever asked may see that: ``FOM-402917.v2``; None if nothing did.
    superseded_by: str | None = None

    @property
    def versioned(self) -> str:
        """Accession with the version: ``FOM-402917.v1``."""
        return f"{self.accession}.v{self.number}"

    @property
    def path(self) -> str:
        """Path of the record: ``/project/name``."""
        return f"/{self.project}/{self.name}"

    def file(self, name: str) -> FileObject | None:
        """File of that name, or None."""
        return next((one for one in self.files if one.name == name), None)


def refuse_withdrawn(version: RecordVersion) -> None:
    """Refuse to read or compute on what is left of a withdrawn version.

    Raises
    ------
    WithdrawnError
        If it was withdrawn.
    """
    if version.withdrawn is None:
        return
    day = datetime.datetime.fromtimestamp(version.withdrawn, datetime.UTC).date()
    raise WithdrawnError(
        f"{version.versioned} was withdrawn on {day}: {version.reason}",
        remedy=f"see what is left of it: fomrepo show {version.versioned}",
        facts={"record": version.versioned, "reason": version.reason},
    )


def check_file_name(name: str) -> str:
    """Return the name if a deposited file may have it.

    Raises
    ------
    ArgumentError
        For hidden, empty, overlong or path-like names and for characters that are not portable.
    """
    if len(name) > FILE_NAME_LIMIT:
        raise ArgumentError(
            f"the file name {name[:40]!r}... has {len(name)} characters, {FILE_NAME_LIMIT} are allowed",
            remedy="rename the file",
        )
    if not _FILE_NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise ArgumentError(
            f"{name!r} is not a file name that a record can hold",
            remedy="rename it: begin with a letter or digit; then letters, digits, spaces and ._+=@()-",
        )
    return name


def check_slug(text: str, what: str) -> str:
    """Return a project's, user's, site's or record's name if it is well formed.

    Raises
    ------
    ArgumentError
        If it is not 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit.
    """
    if not _SLUG.fullmatch(text):
        raise ArgumentError(
            f"{text[:80]!r} cannot name a {what}",
            remedy="use 1 to 63 lower-case letters, digits and hyphens, such as adk-equilibrium",
        )
    return text


def slug_of(title: str) -> str:
    """Make a record's name from its title: ``AdK, closed to open`` -> ``adk-closed-to-open``."""
    letters = unicodedata.normalize("NFKD", title.casefold())  # "ä" is "a" and an accent, which goes
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or "record"


@dataclass(frozen=True, slots=True)
class RecordName:
    """How a person names a record: by accession or by path, perhaps with a version."""

    #: None where a path is given.
    accession: str | None
    #: ``(project, name)``; None where an accession is given.
    path: tuple[str, str] | None
    #: None means the current version.
    version: int | None

    @classmethod
    def parse(cls, text: str) -> RecordName:
        """Read ``FOM-402917``, ``FOM-402917.v2`` or ``/project/name``.

        Raises
        ------
        ArgumentError
            For any other text.
        """
        if match := _ACCESSION.fullmatch(text):
            return cls(match[1], None, int(match[2]) if match[2] else None)
        parts = text.strip("/").split("/")
        if text.startswith("/") and len(parts) == 2 and all(_SLUG.fullmatch(part) for part in parts):
            return cls(None, (parts[0], parts[1]), None)
        raise ArgumentError(
            f"{text[:80]!r} names no record",
            remedy="give an accession such as FOM-402917 or FOM-402917.v2, or a path such as /project/name",
        )

    def __str__(self) -> str:
        """Spell it as a person would."""
        if self.path is not None:
            return "/" + "/".join(self.path)
        return f"{self.accession}.v{self.version}" if self.version else str(self.accession)
