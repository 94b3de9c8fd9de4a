"""What this site knows of the others: read from the catalog at most once a second, and from each reply of a peer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from fomrepo.catalog import Catalog
from fomrepo.errors import FomrepoError
from fomrepo.model.placement import SiteLoad
from fomrepo.model.sites import SiteEntry
from fomrepo.site.load import LoadFigures

#: The catalog is asked again after this many seconds.
FRESH_S = 0.5


class SitesKnown:
    """Sites of the federation, with their load.

    Parameters
    ----------
    catalog
        Where each site reports once in a while.
    here
        Name of this site, whose own figures are always up to date.
    own_load
        Gives this site's figures.
    """

    def __init__(self, catalog: Catalog, here: str, own_load: Callable[[], LoadFigures]) -> None:
        self._catalog = catalog
        self._here = here
        self._own_load = own_load
        self._lock = threading.Lock()
        self._read_at = -FRESH_S
        self._entries: dict[str, SiteEntry] = {}

    def entries(self) -> Mapping[str, SiteEntry]:
        """All sites by name."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_S:
                self._entries = {one.name: one for one in self._catalog.sites.all(time.time())}
                self._read_at = time.monotonic()
            return dict(self._entries)

    def loads(self) -> dict[str, SiteLoad]:
        """Load of each site, this one's as of now."""
        loads = {name: entry.load for name, entry in self.entries().items()}
        if self._here in loads:
            own = self._own_load()
            loads[self._here] = replace(
                loads[self._here], running=own.running, waiting=own.waiting, slots=own.slots, age_s=0.0, silent_s=0.0
            )
        return loads


class Heartbeat:
    """Tells the catalog once in a while that this site lives, and how busy it is."""

    #: Seconds between two reports; five may be lost before others think that the site is down.
    INTERVAL_S = 2.0

    def __init__(self, beat: Callable[[], None], failed: Callable[[FomrepoError], object]) -> None:
        self._beat = beat
        self._failed = failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Report now, then regularly."""
        self._beat()
        self._thread.start()

    def close(self) -> None:
        """Stop reporting."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.INTERVAL_S):
            try:
                self._beat()
            except FomrepoError as error:
                self._failed(error)
