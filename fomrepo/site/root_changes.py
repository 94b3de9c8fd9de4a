"""Changing the root: a new one is signed by enough keys of the last one and of itself, or waits until it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tuf.api.metadata import Metadata, Root

from fomrepo.catalog import Catalog
from fomrepo.catalog.trust import PENDING_ROOT
from fomrepo.errors import ConflictError, MethodNotTrustedError, NotFoundError, SiteError
from fomrepo.model.trust import TrustRoot
from fomrepo.site.trust_documents import read_root, signed, with_trust
from fomrepo.site.trusted_list import LONGEST_ROOT, TrustedList

#: Changes the keys of a root in place, and returns its new reviewers and policy.
Change = Callable[[Root, TrustRoot], TrustRoot]


@dataclass(frozen=True, slots=True)
class RootChange:
    """What became of a change of the root."""

    version: int
    #: Signatures that are still missing; it holds once there are none.
    missing: int


def newest_root(trusted: TrustedList) -> Metadata[Root]:
    """Newest root that leads on from the pinned one."""
    with suppress(SiteError, MethodNotTrustedError):  # roots come first, and hold also where nothing else does
        trusted.refresh()
    return read_root(trusted.root())[0]


def change_root(catalog: Catalog, trusted: TrustedList, change: Change, private_keys: Sequence[bytes]) -> RootChange:
    """Sign a new root; where the keys do not suffice, it waits for `countersign`.

    Raises
    ------
    ConflictError
        If another change waits for signatures, or was made at the same moment.
    """
    if catalog.trust.read(PENDING_ROOT, LONGEST_ROOT) is not None:
        raise ConflictError(
            "another change of the root waits for signatures",
            remedy="sign it: fomrepo key countersign; or give it up: fomrepo key countersign --drop",
        )
    current = newest_root(trusted)
    following, trust = read_root(current.to_bytes())
    following.signatures.clear()
    following.signed.version += 1
    trust = change(following.signed, trust)
    with_trust(following.signed, replace(trust, version=following.signed.version))
    return _submit(catalog, current, following, private_keys)


def countersign(catalog: Catalog, trusted: TrustedList, private_keys: Sequence[bytes]) -> RootChange:
    """Add signatures to the root that waits for them.

    Raises
    ------
    NotFoundError
        If none waits.
    """
    content = catalog.trust.read(PENDING_ROOT, LONGEST_ROOT)
    if content is None:
        raise NotFoundError("no change of the root waits for signatures")
    return _submit(catalog, newest_root(trusted), read_root(content)[0], private_keys)


def _submit(
    catalog: Catalog, current: Metadata[Root], following: Metadata[Root], private_keys: Sequence[bytes]
) -> RootChange:
    version = following.signed.version
    content = signed(following, private_keys)
    result = following.signed.get_root_verification_result(current.signed, following.signed_bytes, following.signatures)
    if version != current.signed.version + 1:
        catalog.trust.drop(PENDING_ROOT)
        raise ConflictError("the root has changed meanwhile", remedy="make the change again")
    if not result.verified:
        catalog.trust.add(version, {PENDING_ROOT: content}, again=True)
        return RootChange(version, max(result.first.missing, result.second.missing))
    if not catalog.trust.add(version, {f"{version}.root.json": content}):
        raise ConflictError("the root has changed meanwhile", remedy="make the change again")
    catalog.trust.drop(PENDING_ROOT)
    return RootChange(version, 0)
