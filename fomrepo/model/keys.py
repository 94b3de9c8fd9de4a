"""Keys of reviewers and touched operations, as users see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Longest label of a key, in characters: the name of a machine.
LABEL_LIMIT = 80


class KeyState(StrEnum):
    """What a key is worth."""

    #: Its owner published it; nothing that it signs counts yet.
    PUBLISHED = "published"
    #: The root lists it.
    ACCEPTED = "accepted"
    #: Another one took its place; what it signed before counts.
    RETIRED = "retired"
    #: Nothing that it ever signed counts.
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A public key."""

    id: str
    owner: str
    label: str
    state: KeyState
    #: Where its owner works; empty if nobody said.
    institution: str = ""
    #: Id of the key that it is to replace; empty if none.
    replaces: str = ""
    #: Seconds since 1970; 0 if the root alone knows it.
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class TaintedOperation:
    """An answer that was computed by a method which was revoked since."""

    operation: str
    method: str
    version: str
    #: Seconds since 1970.
    created: float
    #: Why the method was revoked.
    reason: str
    #: What was read: record with version, slash, file.
    files: tuple[str, ...]
