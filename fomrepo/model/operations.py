"""Operations: one call of a method, its state, and where its answer came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, cast

from fomrepo.errors import ArgumentError
from fomrepo.model.canonical import canonical_json

#: Longest idempotency key, in characters: a digest has 64.
KEY_LIMIT = 200


class OperationState(StrEnum):
    """States of an operation. The last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self in {OperationState.DONE, OperationState.FAILED, OperationState.CANCELLED}


def check_idempotency_key(key: str) -> str:
    """Return a key that a client drew, or made from what it asks for, if it is one.

    Raises
    ------
    ArgumentError
        If it is longer than any digest or id, or not printable.
    """
    if len(key) > KEY_LIMIT or not key.isprintable():
        raise ArgumentError("this is no idempotency key", remedy=f"draw at most {KEY_LIMIT} printable characters")
    return key


@dataclass(frozen=True, slots=True)
class MethodRef:
    """A method as a caller names it."""

    name: str
    #: None means the newest published version.
    version: str | None = None

    def __str__(self) -> str:
        """Spell it ``rmsd 1.0.0``."""
        return f"{self.name} {self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as a caller names it."""

    #: Accession or path of the record, perhaps with a version.
    record: str
    #: Name of the file in the record.
    name: str


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames of a trajectory, as MDAnalysis' ``run(start, stop, step, frames)`` has them; all None: every frame."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None
    #: Indices of frames; excludes the other three.
    frames: tuple[int, ...] | None = None

    def canonical(self) -> dict[str, Any]:
        """Spell it in the one way that keys and requests use."""
        return {
            "start": self.start,
            "stop": self.stop,
            "step": self.step,
            "frames": None if self.frames is None else list(self.frames),
        }


@dataclass(frozen=True, slots=True)
class CallOrder:
    """One call, as the caller sent it and the site has checked it."""

    method: MethodRef
    #: One for each input of the method, in the order of its schema.
    inputs: tuple[FileRef, ...]
    #: Canonical arguments, defaults filled in.
    arguments: Mapping[str, Any]
    #: None for methods whose inputs have no frames.
    frames: FrameRange | None
    #: Drawn by the client; the same key names the same operation however often it is sent.
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an answer came from, in the caller's own history only."""

    operation: str
    #: Site that ran the method.
    site: str
    method: str
    version: str
    method_digest: str
    environment_digest: str
    #: For each input: record with version, file name, digest.
    inputs: tuple[tuple[str, str, str], ...]
    arguments: Mapping[str, Any]
    #: Whether this caller was answered from the cache.
    cached: bool
    #: Seconds that the run took; of the first run for a cached answer.
    wall_s: float
    #: When the answer was computed, seconds since 1970.
    computed: float
    #: How it ran: ``cold``, in a sandbox made for it, or ``hot``, in a child forked ahead beside its data.
    way: str
    #: Sites that were asked and failed on the way, with the reason.
    detours: tuple[tuple[str, str], ...] = ()
    #: Of files that lie in place: name, and by which guard a change would have been noticed (``lease``, ``rehash``,
    #: ``none``).
    guards: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        """Spell it as the catalog keeps it."""
        return canonical_json({name: getattr(self, name) for name in self.__slots__}).decode()

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Read what ``to_json`` wrote, here or in a newer version, which may say more.

        Raises
        ------
        ValueError
            If a part is missing or of another type: the text may come from anybody.
        """
        told = json.loads(text)
        known = [one.name for one in fields(cls)]
        try:
            listed = [name for name in ("inputs", "detours", "guards") if name in told]
            rows = {name: tuple(tuple(row) for row in told[name]) for name in listed}
            found = cls(**{name: told[name] for name in known if name in told} | rows)
        except (TypeError, KeyError) as error:
            raise ValueError(f"no provenance: {error}") from None
        if not all(_is_a(one.type, getattr(found, one.name)) for one in fields(cls)):
            raise ValueError("a provenance with values of other types")
        return found


def _is_a(annotation: object, value: object) -> bool:
    """Whether a value read from JSON is of the type of a field of :class:`Provenance`."""
    match annotation:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "Mapping[str, Any]":
            return isinstance(value, dict)
    width = str(annotation).count("str")  # rows of as many texts
    return all(len(row) == width and all(isinstance(one, str) for one in row) for row in cast("tuple[Any, ...]", value))


@dataclass(frozen=True, slots=True)
class OperationEnd:
    """How an operation ended."""

    #: ``done``, ``failed`` or ``cancelled``.
    state: OperationState
    #: As the wire has it, for ``failed`` and ``cancelled``.
    failure: bytes | None = None
    #: Where the answer came from, for ``done``.
    provenance: Provenance | None = None
    #: Of the answer, in bytes.
    result_size: int = 0
    #: Site and blob where the answer lies.
    result: tuple[str, str] | None = None
    #: Key of the answer in the index of results; empty for drafts.
    result_key: str = ""
    #: The parsed ``method.toml`` of the method that ran.
    schema_json: str = ""

    def __post_init__(self) -> None:
        """Refuse a state that is no end."""
        if not self.state.final:
            raise ValueError(f"{self.state} is not a final state")


@dataclass(frozen=True, slots=True)
class Operation:
    """What every site knows of a call."""

    id: str
    principal: str
    state: OperationState
    #: Site that serves it now; None while none was chosen.
    site: str | None
    method: str
    #: Seconds since 1970.
    created: float
    #: Frames done and to do, as the method reports them.
    done: int = 0
    total: int = 0
    #: Set in the final state ``failed``: the failure as docs of the wire have it.
    failure: bytes | None = None
    #: Set in the final state ``done``.
    provenance: Provenance | None = None
    #: In bytes, when done.
    result_size: int = 0
    #: Site that took the call and drives it.
    home: str = ""
    #: Site that keeps the result, when done, and the digest of the blob there.
    held_by: str = ""
    blob: str = ""
    #: The parsed ``method.toml`` of the method that ran, as canonical JSON, when done.
    schema_json: str = ""
