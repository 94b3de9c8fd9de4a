"""What is signed about a method, byte for byte. Reviewers will sign the same statement as ``site init`` does."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.model.canonical import canonical_json


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
