"""Files in place are read again over time, behind everything else, so that no change stays unnoticed for ever.

A good one whose bytes are not what they were becomes stale, with all that was computed from it; a stale one whose bytes
are back is good again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fomrepo.errors import CancelledError, FomrepoError, StorageError
from fomrepo.model.files import Replica, ReplicaState, StatFingerprint
from fomrepo.site.fixity import settle_in_place
from fomrepo.site.log import log_unexpected, logger
from fomrepo.site.parts import SiteParts

#: Seconds between two looks whether something is due.
SCRUB_INTERVAL_S = 600.0

#: A good file is due this long after it was last read: a week, so that a few files are not read all day.
DUE_AFTER_S = 7 * 86_400.0

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What was found of one file in place."""

    digest: str
    path: str
    before: ReplicaState
    #: None: it is registered no more.
    now: ReplicaState | None
    #: Whether its disk fails: then nothing was found out, and it is what it was.
    disk_fails: bool = False


class Scrub:
    """Reads the files in place of one site again."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._ending = threading.Event()
        #: Stale files, and what the file system said of them when they were read: until that changes they stay so.
        self._judged: dict[str, StatFingerprint | None] = {}
        self._thread = threading.Thread(target=self._work, name="scrub", daemon=True)

    def start(self) -> None:
        """Begin to read what is due, at the rate of the settings."""
        if self._site.settings.scrub_mib_s > 0:
            self._thread.start()

    def close(self) -> None:
        """Stop, in the middle of a file if need be."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def all(self, found: Callable[[Scrubbed], None], *, mib_s: float = 0.0) -> None:
        """Read all files in place, those first that were not read for the longest time.

        Parameters
        ----------
        found
            Called with each.
        mib_s
            How fast, in MiB/s; 0: as fast as they can be read.

        Raises
        ------
        CancelledError
            If the site was stopped.
        """
        for replica in self._site.catalog.replicas.in_place(self._site.name):
            found(self._one(replica, mib_s))

    def due(self, now: float) -> list[Replica]:
        """Files that the scrub behind everything else reads now."""
        listed = self._site.catalog.replicas.in_place(self._site.name)
        return [one for one in listed if one.place is not None and self._is_due(one, now - one.place.checked)]

    def _is_due(self, replica: Replica, age_s: float) -> bool:
        if replica.state is ReplicaState.GOOD:
            return age_s > DUE_AFTER_S
        try:
            found = self._site.copies.fingerprint(replica)
        except StorageError:
            return False
        return found is not None and self._judged.get(replica.digest) != found

    def _one(self, replica: Replica, mib_s: float) -> Scrubbed:
        begun = time.monotonic()

        def pace(done: int) -> None:
            ahead_s = done / (mib_s * MIB) - (time.monotonic() - begun) if mib_s else 0.0
            if self._ending.wait(ahead_s) if ahead_s > 0 else self._ending.is_set():
                raise CancelledError("the site was stopped while it read a file again")

        path = "" if replica.place is None else replica.place.path
        try:
            seen = self._site.copies.fingerprint(replica)
            now = settle_in_place(self._site, replica, again=True, told=pace)
        except StorageError as error:
            logger.warning("scrub", path=path, error=error.message)
            return Scrubbed(replica.digest, path, replica.state, replica.state, disk_fails=True)
        self._judged[replica.digest] = seen
        if now is None or now.state is not replica.state:
            logger.info("scrub", digest=replica.digest, before=replica.state, now=None if now is None else now.state)
        return Scrubbed(replica.digest, path, replica.state, None if now is None else now.state)

    def _work(self) -> None:
        while not self._ending.wait(SCRUB_INTERVAL_S):
            try:
                for replica in self.due(time.time()):
                    self._one(replica, self._site.settings.scrub_mib_s)
            except CancelledError:
                return
            except FomrepoError as error:  # the catalog is away for a while
                logger.warning("scrub", error=error.message)
            except Exception as error:
                log_unexpected(error)
