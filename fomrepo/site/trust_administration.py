"""What the holders of a federation's root and list do: whom to trust, what is official, what runs no more.

It works on the founder's home whether its site runs or not: what is signed goes into the catalog, where all sites look.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tuf.api.metadata import Metadata, Root, Timestamp

from fomrepo.catalog import Catalog
from fomrepo.catalog.trust import PENDING_ROOT
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError, SettingsError
from fomrepo.model.audit import METHOD_ACTIONS, OPERATOR
from fomrepo.model.bundle import pack_files
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import MethodState, ReviewStatement, SignedMethod
from fomrepo.model.submissions import ReviewPolicy, SubmissionState
from fomrepo.model.trust import (
    LARGEST_POLICY,
    ListedEnvironment,
    MethodList,
    ReviewerKey,
    TrustPolicy,
    TrustRoot,
    environment_of,
)
from fomrepo.site.list_signing import publish_list
from fomrepo.site.registry import Registry, RegistrySnapshot
from fomrepo.site.root_changes import Change, RootChange, change_root, countersign, newest_root
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust import approve, new_key
from fomrepo.site.trust_documents import LIST_ROLES, first_root, public_half, public_key, read_root, signed, with_trust
from fomrepo.site.trust_home import (
    LEASE_KEY,
    LIST_KEY,
    PINNED_ROOT,
    ROOT_KEY,
    key_at,
    signing_keys,
    trust_folder,
    trusted_list,
)
from fomrepo.site.trusted_list import TrustedList, only_one
from fomrepo.wire.methods import schema_to_wire


class TrustAdministration:
    """Access of an operator to what a federation trusts.

    Parameters
    ----------
    home
        Home of a site; that of the founder has the keys.
    catalog
        Of the federation.
    """

    def __init__(self, home: SiteHome, catalog: Catalog) -> None:
        self._home, self._catalog = home, catalog

    def found(self, *, environment: str, lock: bytes, policy: TrustPolicy) -> None:
        """Draw the keys of a new federation; sign its first root, and a list with one environment and no method."""
        root_key, list_key, lease_key = new_key(), new_key(), new_key()
        document = first_root(root=root_key[1], publisher=list_key[1], leaser=lease_key[1])
        content = signed(Metadata(with_trust(document, TrustRoot(1, {}, policy))), [root_key[0]])
        secrets = {ROOT_KEY: root_key[0], LIST_KEY: list_key[0], LEASE_KEY: lease_key[0], PINNED_ROOT: content}
        for name, secret in secrets.items():
            self._home.write_secret(name, secret)
        self._catalog.trust.add(1, {"1.root.json": content})
        digest = sha256_hex(lock)
        self._catalog.environments.add(environment, digest, lock)
        first = MethodList(1, {}, (ListedEnvironment(environment, digest, official=True),))
        publish_list(self._catalog, first, publisher=list_key[0], leaser=lease_key[0])

    def snapshot(self) -> RegistrySnapshot:
        """What holds now; at the founder's, what was approved meanwhile is listed by the way."""
        with self._trusted() as trusted:
            return Registry(self._catalog, trusted, self._home.bundles, signing_keys(self._home)).snapshot()

    # --- the root -----------------------------------------------------------------------------------------------------

    def newest_root(self) -> bytes:
        """Root that a site which joins now is made with."""
        with self._trusted() as trusted:
            newest_root(trusted)
            return trusted.root()

    def accept_key(self, key_id: str, *, institution: str = "") -> RootChange:
        """Let a key that its owner published approve methods; the one that it replaces is retired.

        Where no institution is given, it is that of the replaced key, else the one that was noted for the owner.

        Raises
        ------
        NotFoundError
            If nobody published it, or it was revoked.
        """
        keys = {one.id: one for one in self._catalog.keys.all()}
        found = keys.get(key_id)
        if found is None or found.revoked is not None:
            raise NotFoundError(
                f"there is no key {key_id[:16]} that could be accepted", remedy="see the keys: fomrepo key list --home"
            )

        def change(_: Root, trust: TrustRoot) -> TrustRoot:
            reviewers, of_old = dict(trust.reviewers), ""
            if found.replaces in reviewers:
                old = reviewers[found.replaces]
                reviewers[found.replaces] = replace(old, retired=int(time.time()))
                of_old = old.institution
            works_at = institution or of_old or self._catalog.reviewers.institution(found.owner)
            reviewers[key_id] = ReviewerKey(found.public, found.owner, works_at)
            return replace(trust, reviewers=reviewers)

        return self._change(change)

    def revoke_key(self, key_id: str) -> tuple[RootChange | None, tuple[str, ...]]:
        """Let nothing count any more that a key has ever signed; returns the methods that lose too much by it.

        The catalog says so to all sites at once; if a root key lies here, the root says so for good.
        """
        before = self.snapshot()
        if key_id in {one.id for one in self._catalog.keys.all()}:
            self._catalog.keys.revoke(key_id)
        elif key_id not in before.root.reviewers:
            raise NotFoundError(f"there is no key {key_id[:16]}", remedy="see the keys: fomrepo key list --home")

        def change(_: Root, trust: TrustRoot) -> TrustRoot:
            gone = replace(trust.reviewers[key_id], revoked=int(time.time()))
            return replace(trust, reviewers={**trust.reviewers, key_id: gone})

        listed = key_id in before.root.reviewers
        changed = self._change(change) if listed and key_at(self._home, ROOT_KEY) else None
        return changed, self._lost_since(before)

    def root(self) -> TrustRoot:
        """Whom the newest root trusts, and what it asks for."""
        return read_root(self.newest_root())[1]

    def set_policy(self, policy: TrustPolicy) -> tuple[RootChange, tuple[str, ...]]:
        """Change what approvals a method needs; returns the methods that have too few, and stop until they have them.

        Raises
        ------
        ArgumentError
            If nobody could ever fulfil it.
        """
        if not 1 <= policy.approvals <= LARGEST_POLICY:
            raise ArgumentError(
                f"a policy of {policy.approvals} approvals cannot be set",
                remedy=f"ask for 1 to {LARGEST_POLICY} reviewers",
            )
        before = self.snapshot()
        changed = self._change(lambda _, trust: replace(trust, policy=policy))
        return changed, self._lost_since(before)

    def accept_site(self, lease_key: bytes) -> RootChange:
        """Let a site that joined sign leases: with its public key, 32 bytes."""

        def change(root: Root, trust: TrustRoot) -> TrustRoot:
            root.add_key(public_key(lease_key), Timestamp.type)
            return trust

        return self._change(change)

    def replace_root_key(self) -> RootChange:
        """Draw a new root key for this home, signed by the old one, which is worth nothing from then on."""
        old, (private, public) = self._root_key(), new_key()

        def change(root: Root, trust: TrustRoot) -> TrustRoot:
            root.revoke_key(public_key(public_half(old)).keyid, Root.type)
            root.add_key(public_key(public), Root.type)
            return trust

        changed = self._change(change, private)
        self._home.replace_secret(ROOT_KEY, private)
        return changed

    def new_root_key(self) -> bytes:
        """Draw a root key for this home, for `share_root` at the founder's; returns its public half.

        Raises
        ------
        ConflictError
            If it has one.
        """
        if key_at(self._home, ROOT_KEY) is not None:
            raise ConflictError(
                f"{self._home.folder} has a root key", remedy="draw another one: fomrepo key renew-root"
            )
        private, public = new_key()
        self._home.write_secret(ROOT_KEY, private)
        return public

    def share_root(self, public: bytes, *, needed: int) -> RootChange:
        """Let another home sign roots, too, and ask for so many signatures from now on, this change included.

        Raises
        ------
        ArgumentError
            If there are not so many keys.
        """

        def change(root: Root, trust: TrustRoot) -> TrustRoot:
            root.add_key(public_key(public), Root.type)
            role = root.roles[Root.type]
            if not 1 <= needed <= len(role.keyids):
                raise ArgumentError(
                    f"{needed} signatures cannot be asked for where {len(role.keyids)} keys sign the root",
                    remedy=f"ask for 1 to {len(role.keyids)}",
                )
            role.threshold = needed
            return trust

        return self._change(change)

    def replace_list_keys(self) -> RootChange:
        """Draw new keys for list and leases, as after a theft; versions begin anew, whatever a thief has signed.

        All other sites' leases must be accepted again: who had one key may have had them all.
        """
        listed = self.snapshot().listed
        (list_private, list_public), (lease_private, lease_public) = new_key(), new_key()

        def change(root: Root, trust: TrustRoot) -> TrustRoot:
            for role in (*LIST_ROLES, Timestamp.type):
                for keyid in list(root.roles[role].keyids):
                    root.revoke_key(keyid, role)
            for role in LIST_ROLES:
                root.add_key(public_key(list_public), role)
            root.add_key(public_key(lease_public), Timestamp.type)
            return trust

        changed = self._change(change)
        self._home.replace_secret(LIST_KEY, list_private)
        self._home.replace_secret(LEASE_KEY, lease_private)
        publish_list(
            self._catalog,
            replace(listed, version=1),
            publisher=list_private,
            leaser=lease_private,
            again=True,
        )
        return changed

    def renew_site_key(self) -> bytes:
        """Draw a new key for this site's leases; returns its public half, for `accept_site` at the founder's."""
        private, public = new_key()
        self._home.replace_secret(LEASE_KEY, private)
        return public

    def countersign(self) -> RootChange:
        """Add the signature of this home's root key to a change that waits for it."""
        before = self.root()
        with self._trusted() as trusted:
            changed = countersign(self._catalog, trusted, [self._root_key()])
        return self._told(changed, before)

    def drop_change(self) -> None:
        """Give up a change of the root that waits for signatures."""
        self._catalog.trust.drop(PENDING_ROOT)

    # --- the list -----------------------------------------------------------------------------------------------------

    def publish_as_founder(self, bundles: Iterable[Bundle], *, reviewer: str) -> None:
        """Approve and publish methods in the name of the root's holders, as the built-in ones are at founding.

        They could accept reviewers of their own making anyway. The key that approves is drawn for this one time, is
        listed in a new root as one that suffices alone, and is thrown away.
        """
        private, public = new_key()
        self._change(
            lambda _, trust: replace(
                trust,
                reviewers={**trust.reviewers, **{one.id: one for one in [ReviewerKey(public, reviewer, alone=True)]}},
            )
        )
        listed = self.snapshot().listed
        now = int(time.time())
        for bundle in bundles:
            statement = ReviewStatement.about(
                bundle,
                environment_digest=environment_of(listed, bundle).lock_digest,
                author="",
                reviewer=reviewer,
                signed=now,
            )
            method = SignedMethod(pack_files(bundle.files), (approve(statement, private),))
            self._catalog.methods.publish(method, schema_to_wire(bundle.schema))
        self.snapshot()

    def set_state(self, name: str, version: str, state: MethodState, reason: str) -> None:
        """Deprecate or revoke a method.

        Raises
        ------
        NotFoundError
            If no such version was published.
        SettingsError
            If the key of the list does not lie here.
        """
        listed = self.snapshot().listed
        if (known := listed.methods.get((name, version))) is None:
            raise NotFoundError(f"there is no method {name} {version}", remedy="see them all: fomrepo method list")
        changed = replace(known, state=state, reason=reason)
        action = METHOD_ACTIONS[state.value]
        self._catalog.together([
            lambda: self._publish(replace(listed, methods={**listed.methods, (name, version): changed})),
            lambda: self._catalog.audit.note(OPERATOR, action, f"{name} {version}", {"reason": reason}),
        ])  # fmt: skip
        with suppress(NotFoundError):  # it was published without a submission
            self._catalog.reviews.retire(name, version, None, SubmissionState(state), reason)

    def add_environment(self, name: str, lock: bytes) -> str:
        """Make an environment official; methods that name it are approved for it from now on. Returns its digest.

        Raises
        ------
        SettingsError
            If the key of the list does not lie here.
        """
        digest, listed = sha256_hex(lock), self.snapshot().listed
        if listed.environment(name) != (added := ListedEnvironment(name, digest, official=True)):
            self._catalog.environments.add(name, digest, lock)
            others = tuple(one for one in listed.environments if one != added)
            self._publish(replace(listed, environments=(*others, added)))
        return digest

    def _publish(self, listed: MethodList) -> None:
        keys = signing_keys(self._home)
        if keys.publisher is None or keys.lease is None:
            raise self._founder_only("the key of the list of methods")
        following = replace(listed, version=listed.version + 1)
        publish_list(self._catalog, following, publisher=keys.publisher, leaser=keys.lease)

    def _change(self, change: Change, *more_keys: bytes) -> RootChange:
        before = self.root()
        with self._trusted() as trusted:
            changed = change_root(self._catalog, trusted, change, [self._root_key(), *more_keys])
        return self._told(changed, before)

    def _told(self, changed: RootChange, before: TrustRoot) -> RootChange:
        """Tell the tables that decide who may review what is new in the root, once it holds."""
        if changed.missing == 0:
            root, reviewers = self.root(), self._catalog.reviewers
            policy = ReviewPolicy(root.policy.approvals, root.policy.other_institution)
            if reviewers.policy() != policy:
                reviewers.set_policy(policy)
            for key in root.reviewers.values():
                if key.id not in before.reviewers and not key.alone:
                    reviewers.add(key.name)
                    if key.institution:
                        reviewers.set_institution(key.name, key.institution)
        return changed

    def _lost_since(self, before: RegistrySnapshot) -> tuple[str, ...]:
        """Methods that ran before and do not run now, by name and version."""
        return tuple(" ".join(one) for one in sorted(before.methods.keys() - self.snapshot().methods.keys()))

    def _root_key(self) -> bytes:
        if (key := key_at(self._home, ROOT_KEY)) is None:
            raise self._founder_only("a root key")
        return key

    def _founder_only(self, what: str) -> SettingsError:
        return SettingsError(
            f"{self._home.folder} does not hold {what} of the federation",
            remedy="run the command on the home that founded the federation",
        )

    @contextmanager
    def _trusted(self) -> Iterator[TrustedList]:
        """Documents with a memory of their own, which begins as that of the site: it may run at this moment."""
        with tempfile.TemporaryDirectory(prefix="fomrepo-trust-") as name:
            folder = Path(name) / "trust"
            if (seen := trust_folder(self._home)).exists():
                with only_one(seen):
                    shutil.copytree(seen, folder, symlinks=True)
            yield trusted_list(self._home, self._catalog, folder=folder)
