"""The documents that a federation trusts by, in the format of The Update Framework: written, signed and read.

The specification's *root* is ours, too, and carries reviewers and policy. Its *targets* are our list of methods, its
*snapshot* the list's version, its *timestamp* the lease: the word that this list is still the newest.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from fomrepo.errors import MethodNotTrustedError
from fomrepo.model.methods import version_rank
from fomrepo.model.statements import MethodState
from fomrepo.model.trust import (
    ListedMethod,
    MethodList,
    TrustRoot,
    environments_from_document,
    environments_to_document,
    key_id,
)

#: How long a site goes on without hearing that its list is still the newest, in seconds.
LEASE_S = 30
#: How long a list holds without being signed anew, which its publisher does after half of that time.
LIST_DAYS = 7
#: As long as the federation's certificate authority.
ROOT_DAYS = 3650

#: Our part of the root and of the list; the framework signs it with the rest and reads over it.
OURS = "x-fomrepo"

#: Roles whose keys are used all the time, and lie at sites.
LIST_ROLES = (Targets.type, Snapshot.type)

_COMPACT = JSONSerializer(compact=True)

T = TypeVar("T", Root, Snapshot, Targets, Timestamp)


def public_key(public: bytes) -> SSlibKey:
    """Public key, 32 bytes, as the framework has it."""
    return SSlibKey(key_id(public), "ed25519", "ed25519", {"public": public.hex()})


def public_half(private: bytes) -> bytes:
    """Public key of a private one, 32 bytes each."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def signed(document: Metadata[T], private_keys: Iterable[bytes]) -> bytes:
    """Add the signatures of keys to a document, and write it."""
    for private in private_keys:
        key = Ed25519PrivateKey.from_private_bytes(private)
        document.sign(CryptoSigner(key, public_key(key.public_key().public_bytes_raw())), append=True)
    return document.to_bytes(_COMPACT)


def first_root(*, root: bytes, publisher: bytes, leaser: bytes) -> Root:
    """Root of a new federation; all keys are public ones."""
    document = Root(version=1, expires=_in(days=ROOT_DAYS), consistent_snapshot=True)
    document.add_key(public_key(root), Root.type)
    for role in LIST_ROLES:
        document.add_key(public_key(publisher), role)
    document.add_key(public_key(leaser), Timestamp.type)
    return with_trust(document, TrustRoot(1, {}))


def with_trust(document: Root, trust: TrustRoot) -> Root:
    """Put reviewers and policy into a root."""
    document.unrecognized_fields[OURS] = trust.to_document()
    return document


def read_root(content: bytes) -> tuple[Metadata[Root], TrustRoot]:
    """Read a root whose signatures were verified, or are going to be.

    Raises
    ------
    MethodNotTrustedError
        If it is no root of ours.
    """
    try:
        document = Metadata[Root].from_bytes(content)
        if not isinstance(document.signed, Root):
            raise ValueError("it is another document")
        return document, TrustRoot.from_document(document.signed.version, document.signed.unrecognized_fields[OURS])
    except Exception as error:  # whatever somebody wrote there
        raise _unreadable("root", error) from error


def list_documents(listed: MethodList, *, publisher: bytes) -> dict[str, bytes]:
    """Write and sign a list, and the snapshot of the same version, by the names that they are asked for."""
    targets = Targets(version=listed.version, expires=_in(days=ROOT_DAYS))
    for one in listed.methods.values():
        path = f"{one.name}/{one.version}"
        facts = {"state": one.state.value, "reason": one.reason, "environment": one.environment_digest}
        targets.targets[path] = TargetFile(one.size, {"sha256": one.sha256}, path, {"custom": facts})
    targets.unrecognized_fields[OURS] = {"environments": environments_to_document(listed.environments)}
    snapshot = Snapshot(
        version=listed.version, expires=_in(days=LIST_DAYS), meta={"targets.json": MetaFile(listed.version)}
    )
    return {
        f"{listed.version}.snapshot.json": signed(Metadata(snapshot), [publisher]),
        f"{listed.version}.targets.json": signed(Metadata(targets), [publisher]),
    }


def lease_document(*, version: int, list_version: int, leaser: bytes) -> bytes:
    """Write and sign the word that a list is the newest one, good for `LEASE_S`."""
    lease = Timestamp(version=version, expires=_in(seconds=LEASE_S), snapshot_meta=MetaFile(list_version))
    return signed(Metadata(lease), [leaser])


def read_list(content: bytes) -> MethodList:
    """Read a list whose signatures were verified.

    Raises
    ------
    MethodNotTrustedError
        If it says what no list of ours says.
    """
    try:
        targets = Metadata[Targets].from_bytes(content).signed
        methods = {}
        for path, file in targets.targets.items():
            name, _, version = path.partition("/")
            version_rank(version)
            methods[name, version] = ListedMethod(
                name=name,
                version=version,
                sha256=file.hashes["sha256"],
                size=file.length,
                environment_digest=str(file.custom["environment"]),
                state=MethodState(file.custom["state"]),
                reason=str(file.custom["reason"]),
            )
        environments = environments_from_document(targets.unrecognized_fields[OURS]["environments"])
        return MethodList(targets.version, methods, environments)
    except Exception as error:  # whatever a stolen key signed
        raise _unreadable("list of methods", error) from error


def _in(**duration: float) -> datetime.datetime:
    """Point in time that far ahead; the format has whole seconds."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**duration)).replace(microsecond=0)


def _unreadable(what: str, error: Exception) -> MethodNotTrustedError:
    return MethodNotTrustedError(
        f"the {what} of this federation cannot be read: {type(error).__name__}: {error}",
        remedy="upgrade this program, or tell the operators of the federation",
    )
