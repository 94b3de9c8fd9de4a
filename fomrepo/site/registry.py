"""Published methods as this site believes them: what the signed list names, verified, and kept until it changes."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fomrepo.catalog import Catalog
from fomrepo.errors import ConflictError, MethodNotTrustedError, NotFoundError, SiteError
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import Bundle, MethodSchema, version_rank
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import MethodState
from fomrepo.model.trust import HowNew, MethodList, TrustRoot, key_id
from fomrepo.site.list_signing import RENEW_LEASE_BELOW_S, SIGN_LIST_BELOW_S, publish_list, renew_lease
from fomrepo.site.log import logger
from fomrepo.site.method_shelf import (
    Key,
    KnownMethod,
    MethodReader,
    Shelf,
    brought_locks,
    following_list,
    listed,
    with_state,
)
from fomrepo.site.trust import verify_method
from fomrepo.site.trust_documents import public_half
from fomrepo.site.trusted_list import Trusted, TrustedList
from fomrepo.vault.objects import storage_errors


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """All that this site believes at one moment."""

    #: Counts the changes of the registry; not signed, and worth a hint when to look again.
    number: int
    root: TrustRoot
    listed: MethodList
    #: All that were verified, revoked ones too.
    known: Mapping[Key, KnownMethod]
    #: Those that may run.
    methods: Mapping[Key, Bundle]
    #: Those that were revoked, by the digests of their bundles.
    revoked: Mapping[str, KnownMethod]
    #: Those that the list or the catalog names and that are not trusted, with the reason.
    refused: Mapping[Key, MethodNotTrustedError]
    #: Seconds since 1970 until when all this holds.
    holds_until: float


_NOTHING = RegistrySnapshot(-1, TrustRoot(0, {}), MethodList(0, {}), {}, {}, {}, {}, 0.0)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Private keys that lie at this site, 32 bytes each."""

    #: Signs leases; None at a site that the root does not list.
    lease: bytes | None = None
    #: Signs the list; None everywhere but where it is published.
    publisher: bytes | None = None


class Registry:
    """Methods of the federation at this site.

    Parameters
    ----------
    catalog
        Where everything lies; nothing in it is believed without its signatures.
    trusted
        The signed documents, as this site has verified them.
    bundles
        Folder where bundles are unpacked for the sandbox.
    keys
        What this site may sign.
    calls
        The catalog as calls read it, each at its own moment; what holds is read through the other one, as of now.
    elsewhere
        Asks the other sites how new what they know is.
    """

    def __init__(
        self,
        catalog: Catalog,
        trusted: TrustedList,
        bundles: Path,
        keys: SigningKeys,
        *,
        calls: Catalog | None = None,
        elsewhere: Callable[[], Iterable[HowNew]] = tuple,
    ) -> None:
        self._catalog, self._trusted, self._bundles, self._keys = catalog, trusted, bundles, keys
        self._calls, self._elsewhere = calls or catalog, elsewhere
        self._reader = MethodReader(catalog)
        self._lock = threading.Lock()
        self._snapshot = _NOTHING

    @property
    def number(self) -> int:
        """Number of the last snapshot that was read here."""
        return self._snapshot.number

    @property
    def how_new(self) -> HowNew:
        """How new the last snapshot is that was verified here: what other sites are told who ask."""
        known = self._snapshot
        return HowNew(known.root.version, known.listed.version, max(known.number, 0))

    def snapshot(self) -> RegistrySnapshot:
        """All methods, as of now: one indexed read, unless something has changed or the lease has run out.

        Raises
        ------
        MethodNotTrustedError, SiteError
            If the signed documents are refused, or nobody has confirmed them for too long.
        """
        changes = self._calls.methods.changes()
        known = self._snapshot
        if changes == known.number and time.time() < known.holds_until:
            return known
        with self._lock:
            known = self._snapshot
            if changes > known.number or time.time() >= known.holds_until:
                self._refresh()
            return self._snapshot

    def keep_fresh(self) -> RegistrySnapshot:
        """Look whether anything changed, and renew the lease in time; call it every few seconds."""
        known = self.snapshot()
        if known.holds_until - time.time() < RENEW_LEASE_BELOW_S:
            with self._lock:
                self._refresh()
        return self._snapshot

    def find(self, wanted: MethodRef) -> Bundle:
        """Find a method that may run; if no version is named, the newest that is not deprecated.

        Raises
        ------
        MethodNotTrustedError
            If it is listed, and was revoked or its signatures do not hold.
        NotFoundError
            If there is none; the message names close ones.
        """
        snapshot = self.snapshot()
        versions = [version for name, version in snapshot.methods if name == wanted.name]
        if wanted.version in versions or (versions and wanted.version is None):
            return snapshot.methods[wanted.name, wanted.version or _meant(snapshot, wanted.name, versions)]
        for (name, version), known in snapshot.known.items():
            if name == wanted.name and wanted.version in (None, version):
                raise _revoked(known)
        for (name, version), error in snapshot.refused.items():
            if name == wanted.name and wanted.version in (None, version):
                raise MethodNotTrustedError(error.message, remedy=error.remedy)
        if versions:
            raise NotFoundError(
                f"there is no method {wanted}",
                remedy=f"use {wanted.name} {' or '.join(sorted(versions, key=version_rank))}",
            )
        close = difflib.get_close_matches(wanted.name, {name for name, _ in snapshot.methods}, n=3)
        remedy = f"did you mean {', '.join(close)}?" if close else "see them all: fomrepo method list"
        raise NotFoundError(f"there is no method {wanted.name!r}", remedy=remedy)

    def vouch(self, bundle: Bundle) -> KnownMethod:
        """Say that a method may run at this very moment; costs no read, so that it can be asked before each run.

        Raises
        ------
        MethodNotTrustedError
            If it was revoked, or is no longer trusted, since it was found.
        SiteError
            If nobody has confirmed the list for too long.
        """
        snapshot = self._snapshot
        if time.time() >= snapshot.holds_until:
            snapshot = self.snapshot()
        key = bundle.schema.name, bundle.schema.version
        known = snapshot.known.get(key)
        if known is None or known.verified.bundle.digest != bundle.digest:
            raise snapshot.refused.get(key) or MethodNotTrustedError(f"the method {' '.join(key)} is not published")
        if known.state is MethodState.REVOKED:
            raise _revoked(known)
        return known

    def verify_again(self, schema: MethodSchema) -> None:
        """Verify a method from its packed bytes and its approvals, as for the first time; about 1 ms.

        Raises
        ------
        MethodNotTrustedError, SiteError
            If it may not run.
        """
        snapshot = self._snapshot
        if (known := snapshot.known.get((schema.name, schema.version))) is not None:
            self.vouch(verify_method(known.signed, snapshot.root).bundle)

    def approved_environment(self, bundle: Bundle) -> str | None:
        """Digest of the lock of the environment that a method was approved for; None for what was not approved."""
        known = self._snapshot.known.get((bundle.schema.name, bundle.schema.version))
        if known is None or known.verified.bundle.digest != bundle.digest:
            return None
        return known.verified.environment_digest

    def revoked(self) -> Mapping[str, KnownMethod]:
        """Methods that were revoked, by the digests of their bundles."""
        return self._snapshot.revoked

    def refuse_revoked(self, bundle_digest: str) -> None:
        """Refuse to give out what a revoked method has computed.

        Raises
        ------
        MethodNotTrustedError
            If it was revoked.
        """
        if (known := self.snapshot().revoked.get(bundle_digest)) is not None:
            raise _revoked(known)

    def folder_of(self, bundle: Bundle) -> Path:
        """Folder with the files of a bundle, unpacked once and compared byte for byte before each use."""
        folder = self._bundles / bundle.digest
        if not _holds(folder, bundle):
            fresh = self._bundles / new_id()
            with storage_errors(fresh):
                for path, content in bundle.files.items():
                    target = fresh / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
                    target.chmod(0o444)
            if folder.exists():
                folder.rename(self._bundles / f"changed-{new_id()}")
            try:
                fresh.rename(folder)
            except OSError:  # another thread was quicker; what it wrote is compared like anything else
                if not _holds(folder, bundle):
                    raise
        return folder

    def _refresh(self) -> None:
        """Read everything again; call it with the lock held.

        1. Root, lease and list are verified.
        2. A lease that is getting old, or has run out, is renewed where this site may, and verified like any other.
        3. Bundles are verified by the root's rules.
        4. Where the list's key lies, what was approved or judged since is listed.
        5. What the list names and the catalog holds, unchanged, is known from now on.
        """
        number = self._catalog.methods.changes()
        trusted = self._verified()
        shelf = self._reader.read(trusted.root)
        if self._publish(trusted, shelf):
            number, trusted = self._catalog.methods.changes(), self._trusted.refresh()
        self._snapshot = _snapshot(number, trusted, shelf)

    def _verified(self) -> Trusted:
        """1. and 2. Verify the documents; a lease that has run out or was spoilt is renewed before all of them hold."""
        trusted: Trusted | None = None
        try:
            trusted = self._trusted.refresh()
        except (SiteError, MethodNotTrustedError):
            if self._keys.lease is None:
                raise
        else:
            if self._keys.lease is None or trusted.lease_ends - time.time() > RENEW_LEASE_BELOW_S:
                return trusted
        try:
            renew_lease(
                self._catalog, self._trusted, leaser=self._keys.lease, now=time.time(), elsewhere=self._elsewhere
            )
        except SiteError as error:
            if trusted is None:
                raise
            logger.warning("lease not renewed", error=error.message)
            return trusted  # until its lease ends
        return self._trusted.refresh()

    def _publish(self, trusted: Trusted, shelf: Shelf) -> bool:
        """4. List what was approved or judged since; returns whether there is a new list."""
        publisher, leaser = self._keys.publisher, self._keys.lease
        if publisher is None or leaser is None or key_id(public_half(publisher)) not in trusted.list_keys:
            return False
        for digest, (name, lock) in brought_locks(shelf).items():
            self._catalog.environments.add(name, digest, lock)
        following = following_list(shelf, trusted.listed, self._catalog.environments.digests())
        if following == trusted.listed:
            if trusted.list_ends - time.time() > SIGN_LIST_BELOW_S:
                return False
            following = replace(following, version=following.version + 1)
        with suppress(ConflictError):  # somebody else has just done it
            publish_list(self._catalog, following, publisher=publisher, leaser=leaser)
        return True


def _snapshot(number: int, trusted: Trusted, shelf: Shelf) -> RegistrySnapshot:
    """5. Bring the list and what the catalog holds together."""
    known: dict[Key, KnownMethod] = {}
    refused = dict(shelf.refused)
    for key, one in trusted.listed.methods.items():
        there = shelf.known.get(key)
        if there is not None and listed(there).sha256 == one.sha256:
            known[key] = with_state(there, one.state, one.reason)
        else:
            refused.setdefault(key, _untrusted(key, "is listed, and its bundle is not the one that was listed"))
    for key in shelf.known.keys() - trusted.listed.methods.keys():
        refused[key] = _untrusted(key, "is not on the federation's signed list", "wait until it is listed: seconds")
    revoked = {one.verified.bundle.digest: one for one in known.values() if one.state is MethodState.REVOKED}
    methods = {key: one.verified.bundle for key, one in known.items() if one.state is not MethodState.REVOKED}
    return RegistrySnapshot(number, trusted.root, trusted.listed, known, methods, revoked, refused, trusted.lease_ends)


def _meant(snapshot: RegistrySnapshot, name: str, versions: Iterable[str]) -> str:
    """Version that a bare name means."""

    def rank(version: str) -> tuple[bool, tuple[int, ...]]:
        return snapshot.known[name, version].state is MethodState.PUBLISHED, version_rank(version)

    return max(versions, key=rank)


def _revoked(known: KnownMethod) -> MethodNotTrustedError:
    schema = known.verified.bundle.schema
    return MethodNotTrustedError(
        f"the method {schema.name} {schema.version} was revoked: {known.reason}",
        remedy=f"use another version: fomrepo method list; see which of your results it touched: "
        f"fomrepo method tainted {schema.name}",
        facts={"method": f"{schema.name} {schema.version}", "state": known.state.value, "reason": known.reason},
    )


def _untrusted(key: Key, why: str, remedy: str = "tell the operators of the federation") -> MethodNotTrustedError:
    return MethodNotTrustedError(f"the method {' '.join(key)} {why}", remedy=f"{remedy}; nothing was run")


def _holds(folder: Path, bundle: Bundle) -> bool:
    """Whether a folder holds exactly the files of a bundle."""
    try:
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
        return found == set(bundle.files) and all(
            (folder / path).read_bytes() == content for path, content in bundle.files.items()
        )
    except OSError:
        return False
