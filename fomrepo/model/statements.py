"""What is signed about a method, byte for byte."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from fomrepo.errors import MethodNotTrustedError
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.methods import Bundle

#: First words of a statement: no signature of ours for another purpose can be mistaken for an approval.
REVIEW_PURPOSE = "fomrepo method approval 2"

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
        try:
            if len(data) > STATEMENT_LIMIT_BYTES:
                raise ValueError("too long")
            entries = json.loads(data)
            del entries["statement"]
            read = cls(**entries)
            if read.to_bytes() != data or type(read.signed) is not int:
                raise ValueError("spelt in another way")
        except (ValueError, TypeError, KeyError, RecursionError):
            raise MethodNotTrustedError("an approval cannot be read", remedy="approve the method again") from None
        return read


@dataclass(frozen=True, slots=True)
class Approval:
    """A statement with its reviewer's signature."""

    statement: ReviewStatement
    #: Id of the key: SHA-256 of the public key.
    key_id: str
    #: Ed25519, 64 bytes, over ``statement.to_bytes()``.
    signature: bytes


@dataclass(frozen=True, slots=True)
class MethodStatement:
    """The claim that a bundle was approved under a name and version."""

    name: str
    version: str
    #: SHA-256 of the bundle.
    bundle_digest: str
    #: Name of the guest environment that it was approved for.
    environment: str
    #: Who approved it.
    reviewers: tuple[str, ...]
    #: When, seconds since 1970.
    signed: int

    def to_bytes(self) -> bytes:
        """Spell it in the one way that is signed."""
        return canonical_json(
            {
                "statement": "fomrepo method approval 1",
                "name": self.name,
                "version": self.version,
                "bundle_digest": self.bundle_digest,
                "environment": self.environment,
                "reviewers": list(self.reviewers),
                "signed": self.signed,
            }
        )


@dataclass(frozen=True, slots=True)
class SignedMethod:
    """A published method as the catalog keeps it: believed only after its signature was verified."""

    statement: MethodStatement
    #: Ed25519, 64 bytes, over ``statement.to_bytes()``.
    signature: bytes
    #: The bundle's files, as ``pack_files`` wrote them.
    bundle: bytes


def schema_digest(bundle: Bundle) -> str:
    """SHA-256 of the canonical JSON of a bundle's parsed ``method.toml``."""
    return sha256_hex(canonical_json(dict(bundle.schema.source)))
