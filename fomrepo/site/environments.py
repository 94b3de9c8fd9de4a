"""Guest environments at one site: which it has, which one a method gets, and what the others are called.

Methods keep the environment that they were approved for, by the digest of its lock file; drafts get the official one of
the name that they say. An environment has the same digest at each site, whether it was built there or not.
"""

from __future__ import annotations

import threading
from pathlib import Path

from fomrepo.catalog import Catalog
from fomrepo.errors import NotFoundError, SiteError
from fomrepo.isolation.environment import GuestEnvironment, environment_digest, find_environment
from fomrepo.isolation.lock_file import LOCK_LIMIT_BYTES, check_lock
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.methods import Bundle
from fomrepo.model.trust import ENVIRONMENT_LOCK, ListedEnvironment, MethodList, environment_of
from fomrepo.site.registry import Registry


class Environments:
    """Guest environments of a site.

    Parameters
    ----------
    catalog
        Has the lock files; each is compared with the digest in the signed list.
    registry
        What is listed, and which environment a method was approved for.
    shipped
        The one that came with this program: probes run in it, and the others lie beside it.
    """

    def __init__(self, catalog: Catalog, registry: Registry, shipped: GuestEnvironment) -> None:
        self._catalog, self._registry = catalog, registry
        #: The environment that came with this program.
        self.shipped = shipped
        self._lock = threading.Lock()
        self._built: dict[str, GuestEnvironment] = {}
        self._locks: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        """Where environments are kept."""
        return self.shipped.packages.parents[1]

    def digests(self) -> list[str]:
        """Digests of all that this site has: what it tells the others."""
        with self._lock:
            return sorted({self.shipped.digest, *(one.digest for one in self._built.values())})

    def look(self, listed: MethodList) -> None:
        """See whether an environment was built meanwhile."""
        for one in listed.environments:
            self.built(one)

    def built(self, listed: ListedEnvironment) -> GuestEnvironment | None:
        """Environment of a lock, if it was built here."""
        with self._lock:
            found = self._built.get(listed.lock_digest)
        if found is None and (lock := self._lock_of(listed.lock_digest)) is not None:
            found = find_environment(lock, self.folder, name=listed.name)
            if found is not None:
                with self._lock:
                    self._built[listed.lock_digest] = found
        return found

    def take_in(self, bundle: Bundle) -> None:
        """See that a draft names an environment that there is; keep the lock of one that it brings along.

        Raises
        ------
        NotFoundError
            If there is none of its name in the federation.
        BundleRefusedError
            If the lock that it brings says anything but packages with hashes.
        """
        wanted, own = environment_of(self._registry.snapshot().listed, bundle), bundle.files.get(ENVIRONMENT_LOCK)
        if own is not None:
            self._catalog.environments.add(wanted.name, wanted.lock_digest, check_lock(own))

    def of(self, bundle: Bundle) -> GuestEnvironment:
        """Environment for a run of a method, or of a draft.

        Raises
        ------
        NotFoundError
            If there is none of its name in the federation.
        SiteError
            If it was not built at this site.
        """
        wanted = self._wanted(bundle)
        if (found := self.built(wanted)) is None:
            raise SiteError(
                f"this site does not have the guest environment {wanted.name}, which {bundle.schema.name} needs",
                remedy=f"its operator builds it: fomrepo environment build {wanted.name}",
                facts={"environment": wanted.name, "lock": wanted.lock_digest},
            )
        return found

    def digest_of(self, bundle: Bundle) -> str:
        """Digest of the environment for a method, or for a draft; it need not have been built here.

        Raises
        ------
        NotFoundError
            If there is none of its name in the federation.
        """
        wanted = self._wanted(bundle)
        if (known := self._digests.get(wanted.lock_digest)) is not None:
            return known
        if (lock := self._lock_of(wanted.lock_digest)) is None:
            raise NotFoundError(
                f"nobody has the lock of the guest environment {wanted.name}, which {bundle.schema.name} needs",
                remedy=f"an operator adds it: fomrepo environment add {wanted.name} LOCKFILE",
            )
        digest = self._digests[wanted.lock_digest] = environment_digest(lock)
        return digest

    def _wanted(self, bundle: Bundle) -> ListedEnvironment:
        approved = self._registry.approved_environment(bundle)
        if approved is not None:
            return ListedEnvironment(bundle.schema.environment, approved, official=True)
        return environment_of(self._registry.snapshot().listed, bundle)

    def _lock_of(self, digest: str) -> bytes | None:
        """Lock file of that digest, verified; it never changes."""
        if digest not in self._locks:
            lock = self._catalog.environments.read(digest, LOCK_LIMIT_BYTES)
            if lock is None or sha256_hex(lock) != digest:
                return None
            self._locks[digest] = lock
        return self._locks[digest]
