"""Collects what nobody waits for: bytes of drafts and objects without a row in the vault, and operations of long ago.

What is young stays, whatever it is: somebody may be about to need it. A clock that was set back makes everything young;
one that was set forward costs drafts their bytes, which the same command sends again, and never a record.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.errors import ConflictError, FomrepoError
from fomrepo.model.deposits import DepositState, Upload
from fomrepo.site.log import log_unexpected, logger
from fomrepo.site.parts import SiteParts

#: Seconds between two sweeps. What they look for is days old.
SWEEP_INTERVAL_S = 3600.0
DAY_S = 86_400.0
#: How long an operation that has ended is known, from when it was asked for: its list, its result by its id, and that
#: its caller has had this answer. Results themselves stay as long as the cache keeps them.
OPERATIONS_KEPT_S = 365 * DAY_S


class Undecided:
    """Things that are in somebody's hands now: one of them at a time, or several, but never the sweep's as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @contextmanager
    def alone(self, name: str, otherwise: ConflictError) -> Iterator[None]:
        """Hold a thing that nobody else holds during the ``with`` block.

        Raises
        ------
        ConflictError
            The one that was given, if somebody does.
        """
        with self._lock:
            if self._held[name]:
                raise otherwise
            self._held[name] += 1
        try:
            yield
        finally:
            self._let_go((name,))

    @contextmanager
    def together(self, names: Iterable[str]) -> Iterator[None]:
        """Hold things that others may hold too during the ``with`` block."""
        listed = tuple(names)
        with self._lock:
            self._held.update(listed)
        try:
            yield
        finally:
            self._let_go(listed)

    @contextmanager
    def if_free(self, name: str) -> Iterator[bool]:
        """Keep all from taking things during the ``with`` block, which is short; tells whether this one is free."""
        with self._lock:
            yield not self._held[name]

    def _let_go(self, names: Iterable[str]) -> None:
        with self._lock:
            self._held.subtract(names)
            for name in names:
                if not self._held[name]:
                    del self._held[name]


class VaultSweep:
    """Sweeps the vault of one site now and then.

    Parameters
    ----------
    site
        Whose vault.
    uploads
        Ids of uploads whose bytes are coming now.
    objects
        Digests of objects that are stored, and not yet in the catalog.
    """

    def __init__(self, site: SiteParts, uploads: Undecided, objects: Undecided) -> None:
        self._site, self._uploads, self._objects = site, uploads, objects
        self._age_s = site.settings.draft_days * DAY_S
        self._stop = threading.Event()

    def start(self) -> None:
        """Sweep now, and every hour from now on."""
        self.once()
        threading.Thread(target=self._now_and_then, name="sweep-vault", daemon=True).start()

    def close(self) -> None:
        """Sweep no more."""
        self._stop.set()

    def once(self) -> None:
        """Delete what has ended, what nobody continued, objects that no record has, and operations of long ago."""
        unfinished = self._site.catalog.deposits.unfinished(self._site.name)
        drafts = {
            upload.id: upload
            for deposit in unfinished
            for upload in deposit.uploads
            if deposit.state is DepositState.DRAFT
        }
        still_open = {upload.id for deposit in unfinished for upload in deposit.uploads}
        for path in self._site.vault.incoming():
            name = path.name.partition(".")[0]
            if name in drafts:
                self._forget_if_old(drafts[name], path)
            elif path.suffix in (".part", ".place", ".offsets", ".report", ".new") and name not in still_open:
                path.unlink(missing_ok=True)
        waited_for = {upload.digest for deposit in unfinished for upload in deposit.uploads}
        for digest in list(self._site.vault.digests()):
            if digest not in waited_for and self._is_old(self._site.vault.path(digest)):
                self._discard_if_unknown(digest)
        while self._site.catalog.operations.forget_ended(time.time() - OPERATIONS_KEPT_S):
            continue

    def _forget_if_old(self, upload: Upload, path: Path) -> None:
        with self._uploads.if_free(upload.id) as free:
            if free and self._is_old(path):
                self._site.catalog.deposits.forget(upload.id)
                path.unlink(missing_ok=True)
                logger.info("bytes of a draft that nobody continued are deleted", upload=upload.id)

    def _discard_if_unknown(self, digest: str) -> None:
        with self._objects.if_free(digest) as free:
            if free and self._site.catalog.replicas.get(self._site.name, digest) is None:
                self._site.vault.discard(digest)
                logger.info("an object that no record has is deleted", digest=digest)

    def _is_old(self, path: Path) -> bool:
        try:
            found = path.stat()
        except FileNotFoundError:
            return False
        return time.time() - max(found.st_mtime, found.st_ctime) > self._age_s

    def _now_and_then(self) -> None:
        while not self._stop.wait(SWEEP_INTERVAL_S):
            try:
                self.once()
            except FomrepoError as error:
                logger.warning("sweep of the vault", error=error.message)
            except Exception as error:
                log_unexpected(error)
