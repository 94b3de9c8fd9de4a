"""Whose methods run here: Ed25519 signatures over statements, verified against the key that is pinned at the site."""

from __future__ import annotations

import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fomrepo.errors import BundleRefusedError, MethodNotTrustedError
from fomrepo.model.bundle import pack_files, read_bundle, unpack_files
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import Approval, ReviewStatement, SignedMethod


def new_root_key() -> tuple[bytes, bytes]:
    """Make the federation's root key; returns (private, public), 32 bytes each."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return private, key.public_key().public_bytes_raw()


def sign_method(bundle: Bundle, *, root_key: bytes, reviewers: tuple[str, ...]) -> SignedMethod:
    """Sign the statement that a bundle is approved under its name and version.

    Parameters
    ----------
    bundle
        Read and checked.
    root_key
        Private Ed25519 key, 32 bytes.
    reviewers
        Name of who approved it.
    """
    key = Ed25519PrivateKey.from_private_bytes(root_key)
    statement = ReviewStatement.about(
        bundle, environment_digest="", author="", reviewer=reviewers[0], signed=int(time.time())
    )
    approval = Approval(statement, sha256_hex(key.public_key().public_bytes_raw()), key.sign(statement.to_bytes()))
    return SignedMethod(pack_files(bundle.files), (approval,))


def verify_method(method: SignedMethod, *, root_public_key: bytes) -> Bundle:
    """Unpack a method that may run here.

    1. An approval's signature holds over its statement, under the pinned key.
    2. The bundle's digest is the one in the statement.
    3. The bundle says of itself what the statement says of it.

    Raises
    ------
    MethodNotTrustedError
        If one of them does not hold; the message says which.
    """
    if not method.approvals:
        raise MethodNotTrustedError("a method carries no valid signature of this federation", remedy=_REMEDY)
    approval = method.approvals[0]
    statement = approval.statement
    who = f"the method {statement.name} {statement.version}"
    try:
        Ed25519PublicKey.from_public_bytes(root_public_key).verify(approval.signature, statement.to_bytes())
    except InvalidSignature:
        raise MethodNotTrustedError(f"{who} carries no valid signature of this federation", remedy=_REMEDY) from None
    try:
        bundle = read_bundle(unpack_files(method.bundle))
    except BundleRefusedError as error:
        raise MethodNotTrustedError(f"{who} cannot be read any more: {error.message}", remedy=_REMEDY) from None
    if bundle.digest != statement.bundle_digest:
        raise MethodNotTrustedError(f"{who} was changed after it was approved", remedy=_REMEDY)
    schema = bundle.schema
    if (schema.name, schema.version, schema.environment) != (statement.name, statement.version, statement.environment):
        raise MethodNotTrustedError(f"{who} says of itself that it is {schema.name} {schema.version}", remedy=_REMEDY)
    return bundle


_REMEDY = "tell the operators of the federation; nothing was run"
