"""What reviewers sign about a method, byte for byte: that it may run, and that it shall no longer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeVar

from fomrepo.errors import MethodNotTrustedError
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.methods import Bundle

#: First words of a statement: no signature for one purpose can be mistaken for one for another.
REVIEW_PURPOSE = "fomrepo method approval 2"
VERDICT_PURPOSE = "fomrepo method verdict 1"
KEY_PURPOSE = "fomrepo key 1"

#: Most bytes of a statement: nine short texts.
STATEMENT_LIMIT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ReviewStatement:
    """The claim of one reviewer that a bundle may run under a name and version."""

    name: str
    version: str
    #: SHA-256 of the bundle (``Bundle.digest``).
    bundle_digest: str
    #: SHA-256 of the canonical JSON of the parsed ``method.toml``.
    schema_digest: str
    #: Name of the guest environment that it was approved for, and SHA-256 of that environment's lock file.
    environment: str
    environment_digest: str
    #: User who wrote the method, and user who approves it.
    author: str
    reviewer: str
    #: When, seconds since 1970.
    signed: int

    @classmethod
    def about(
        cls, bundle: Bundle, *, environment_digest: str, author: str, reviewer: str, signed: int
    ) -> ReviewStatement:
        """State what a reviewer says of a bundle."""
        schema = bundle.schema
        return cls(
            name=schema.name,
            version=schema.version,
            bundle_digest=bundle.digest,
            schema_digest=schema_digest(bundle),
            environment=schema.environment,
            environment_digest=environment_digest,
            author=author,
            reviewer=reviewer,
            signed=signed,
        )

    def to_bytes(self) -> bytes:
        """Spell it in the one way that is signed."""
        return canonical_json({"statement": REVIEW_PURPOSE, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> ReviewStatement:
        """Read what :meth:`to_bytes` wrote; there is one spelling, and any other is refused.

        Raises
        ------
        MethodNotTrustedError
            If it is anything else.
        """
        return _read(cls, data)


@dataclass(frozen=True, slots=True)
class Approval:
    """A statement with its reviewer's signature."""

    statement: ReviewStatement
    #: Id of the key: SHA-256 of the public key.
    key_id: str
    #: Ed25519, 64 bytes, over ``statement.to_bytes()``.
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedMethod:
    """A bundle with its approvals, as they come from anywhere: believed only after they were verified."""

    #: The bundle's files, as ``pack_files`` wrote them.
    bundle: bytes
    #: At least one; all about the same bundle, if they are honest.
    approvals: tuple[Approval, ...]

    @property
    def name(self) -> str:
        """Name that the first approval states."""
        return self.approvals[0].statement.name

    @property
    def version(self) -> str:
        """Version that the first approval states."""
        return self.approvals[0].statement.version

    @property
    def bundle_digest(self) -> str:
        """Digest of the bundle that the first approval states."""
        return self.approvals[0].statement.bundle_digest


@dataclass(frozen=True, slots=True)
class KeyStatement:
    """The claim that a key is somebody's: signed with that key, and with the one that it is to replace."""

    #: User who has the private half.
    owner: str
    #: Ed25519, 64 hexadecimal digits.
    public: str
    #: Id of the key that it is to replace; empty if none.
    replaces: str

    def to_bytes(self) -> bytes:
        """Spell it in the one way that is signed."""
        return canonical_json({"statement": KEY_PURPOSE, **asdict(self)})


class MethodState(StrEnum):
    """States of a method after its review."""

    PUBLISHED = "published"
    #: Runs with a warning, and is what a bare name means only where there is nothing else.
    DEPRECATED = "deprecated"
    #: Runs nowhere, and none of its results is served.
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class VerdictStatement:
    """The claim of one reviewer that a published method shall no longer be used."""

    name: str
    version: str
    bundle_digest: str
    #: ``deprecated`` or ``revoked``.
    state: str
    #: In a sentence; every caller reads it.
    reason: str
    reviewer: str
    #: When, seconds since 1970.
    signed: int

    def to_bytes(self) -> bytes:
        """Spell it in the one way that is signed."""
        return canonical_json({"statement": VERDICT_PURPOSE, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> VerdictStatement:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        MethodNotTrustedError
            If it is anything else.
        """
        return _read(cls, data)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reviewer's signature."""

    statement: VerdictStatement
    key_id: str
    #: Ed25519, 64 bytes, over ``statement.to_bytes()``.
    signature: bytes


def schema_digest(bundle: Bundle) -> str:
    """SHA-256 of the canonical JSON of a bundle's parsed ``method.toml``."""
    return sha256_hex(canonical_json(dict(bundle.schema.source)))


_S = TypeVar("_S", ReviewStatement, VerdictStatement)


def _read(kind: type[_S], data: bytes) -> _S:
    """Read a statement; there is one spelling of each, and any other is refused."""
    try:
        if len(data) > STATEMENT_LIMIT_BYTES:
            raise ValueError("too long")
        entries = json.loads(data)
        del entries["statement"]
        read = kind(**entries)
        if read.to_bytes() != data or type(read.signed) is not int:
            raise ValueError("spelt in another way")
    except (ValueError, TypeError, KeyError, RecursionError):
        raise MethodNotTrustedError("a signed statement cannot be read", remedy="sign it again") from None
    return read
