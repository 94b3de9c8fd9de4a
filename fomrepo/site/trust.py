"""Whose methods run here: Ed25519 signatures of reviewers over statements, counted by the signed root's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fomrepo.errors import BundleRefusedError, MethodNotTrustedError
from fomrepo.model.bundle import pack_files, read_bundle, unpack_files
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import (
    Approval,
    ReviewStatement,
    SignedMethod,
    Verdict,
    VerdictStatement,
    schema_digest,
)
from fomrepo.model.trust import ReviewerKey, TrustRoot, key_id

_REMEDY = "tell the operators of the federation; nothing was run"


@dataclass(frozen=True, slots=True)
class VerifiedMethod:
    """A method that may run here, and what its approvals agree on."""

    bundle: Bundle
    #: SHA-256 of the lock file of the environment that it was approved for.
    environment_digest: str
    #: Users.
    author: str
    reviewers: tuple[str, ...]


def new_key() -> tuple[bytes, bytes]:
    """Draw an Ed25519 key; returns (private, public), 32 bytes each."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return private, key.public_key().public_bytes_raw()


def approve(statement: ReviewStatement, private_key: bytes) -> Approval:
    """Sign a statement with a reviewer's key, 32 bytes."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return Approval(statement, key_id(key.public_key().public_bytes_raw()), key.sign(statement.to_bytes()))


def judge(statement: VerdictStatement, private_key: bytes) -> Verdict:
    """Sign a verdict with a reviewer's key, 32 bytes."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return Verdict(statement, key_id(key.public_key().public_bytes_raw()), key.sign(statement.to_bytes()))


def verify_method(method: SignedMethod, root: TrustRoot) -> VerifiedMethod:
    """Unpack a method that may run here.

    1. The packed bundle is spelt in the one way that bundles are, so that no bit of it is free, and can be read.
    2. Approvals count whose statement says of the bundle what it is: name, version, both digests, environment;
    3. whose key the root lists under the reviewer's name, and had neither retired nor revoked when it was signed;
    4. whose reviewer is not the author;
    5. and whose signature holds over the statement.
    6. Those count together that name the same author and the same lock file of the environment.
    7. As many different reviewers as the policy asks for are left, and one of another institution if it asks for that;
       or one who may alone.

    Raises
    ------
    MethodNotTrustedError
        If too little is left; the message says what became of the approvals.
    """
    bundle = _unpacked(method.bundle)
    counted: dict[tuple[str, str], list[ReviewerKey]] = {}
    refused: set[str] = set()
    for approval in method.approvals:
        said = approval.statement
        if flaw := _flaw(approval, bundle, root):
            refused.add(flaw)
        else:
            counted.setdefault((said.author, said.environment_digest), []).append(root.reviewers[approval.key_id])
    for (author, environment_digest), keys in counted.items():
        if _suffice(keys, author, root):
            return VerifiedMethod(bundle, environment_digest, author, tuple(sorted({one.name for one in keys})))
    found = max((len({one.name for one in keys}) for keys in counted.values()), default=0)
    asked = f"{root.policy.approvals}{', one of another institution' if root.policy.other_institution else ''}"
    told = "".join(f"; {flaw}" for flaw in sorted(refused))
    raise MethodNotTrustedError(
        f"the method {bundle.schema.name} {bundle.schema.version} has {found} valid signatures of reviewers, "
        f"and this federation asks for {asked}{told}",
        remedy=_REMEDY,
    )


def verify_verdict(verdict: Verdict, root: TrustRoot) -> VerdictStatement:
    """Believe a verdict that one reviewer signed whose key is in use: to stop a method takes one of them.

    Raises
    ------
    MethodNotTrustedError
        If its key is no such key, or its signature does not hold.
    """
    statement = verdict.statement
    key = root.reviewers.get(verdict.key_id)
    valid = key is not None and key.name == statement.reviewer and key.vouches_at(statement.signed)
    if key is None or not valid or not signature_holds(key.public, verdict.signature, statement.to_bytes()):
        raise MethodNotTrustedError(
            f"the verdict on {statement.name} {statement.version} is not signed by a reviewer of this federation",
            remedy="see whose keys count: fomrepo key list",
        )
    return statement


def signature_holds(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether an Ed25519 signature holds over some bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _unpacked(packed: bytes) -> Bundle:
    """1. Read a bundle that is spelt in the one way."""
    try:
        files = unpack_files(packed)
        if pack_files(files) != packed:
            raise BundleRefusedError("it is not spelt as bundles are")
        return read_bundle(files)
    except BundleRefusedError as error:
        raise MethodNotTrustedError(
            f"a method was changed after it was approved: {error.message}", remedy=_REMEDY
        ) from None


def _flaw(approval: Approval, bundle: Bundle, root: TrustRoot) -> str:
    """2. - 5. Why an approval does not count; empty if it does."""
    said, schema = approval.statement, bundle.schema
    if (said.name, said.version, said.environment) != (schema.name, schema.version, schema.environment):
        return f"an approval is of {said.name} {said.version} for {said.environment}"
    if (said.bundle_digest, said.schema_digest) != (bundle.digest, schema_digest(bundle)):
        return "it was changed after an approval"
    key = root.reviewers.get(approval.key_id)
    if key is None or key.name != said.reviewer:
        return f"{said.reviewer} signed with a key that is not listed for them"
    if not key.vouches_at(said.signed):
        return f"the key of {said.reviewer} was {'retired' if key.revoked is None else 'revoked'}"
    if said.reviewer == said.author:
        return f"{said.reviewer} wrote it"
    if not signature_holds(key.public, approval.signature, said.to_bytes()):
        return f"the signature of {said.reviewer} does not hold"
    return ""


def _suffice(keys: Sequence[ReviewerKey], author: str, root: TrustRoot) -> bool:
    """7. Whether those who approved are enough: people are counted, not keys.

    The author's institution is the one that the root has for a key of the author's. Whoever has none there is of none.
    """
    if any(one.alone for one in keys):
        return True
    of_author = {one.institution for one in root.reviewers.values() if one.name == author}
    elsewhere = {one.institution for one in keys} - of_author - {""}
    enough = len({one.name for one in keys}) >= root.policy.approvals
    return enough and (bool(elsewhere) or not root.policy.other_institution)
