"""What is published, as far as a visitor was told: kept in memory, to be searched and counted within milliseconds.

A published version never changes, so each is fetched once. Private records are in no count and no answer because the
shelf never hears of them: it is filled through the client, as a principal who is a member of no project.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

from fomrepo.browser.catalogue import Catalogue
from fomrepo.browser.listed import Listed, is_public, listed_of
from fomrepo.client.remote_methods import fits
from fomrepo.client.repository import Repository
from fomrepo.errors import FomrepoError, NotFoundError
from fomrepo.model.files import RecordState

#: Pause between two looks at what is published; it is at least this many times as long as the last look took.
PAUSE_S, PAUSE_SHARE = 10.0, 10.0
#: After this long the copies and methods of a record are asked for again: they change, what it holds does not.
RELOOK_S = 900.0

_log = logging.getLogger(__name__)


class Shelf:
    """Keeps a catalogue of what is published, and looks for news in a thread of its own.

    Parameters
    ----------
    visitor
        Client of a principal who is a member of no project.
    """

    def __init__(self, visitor: Repository) -> None:
        self._visitor = visitor
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        #: What is published; replaced as a whole.
        self.catalogue = Catalogue(())

    def look(self) -> None:
        """Ask what is published, and fetch what is new."""
        known = {one.versioned: one for one in self.catalogue.records}
        found = []
        for record in self._visitor.records():
            if record.state != RecordState.PUBLISHED:
                continue
            one = known.get(record.versioned)
            if one is None or time.monotonic() - one.looked > RELOOK_S:
                try:
                    one = listed(self._visitor, record.versioned)
                except NotFoundError:
                    continue
            found.append(one)
        if found != list(self.catalogue.records):
            self.catalogue = Catalogue(found)

    def begin(self) -> None:
        """Look now and then, until :meth:`end`."""
        self._thread = threading.Thread(target=self._run, name="fomrepo-shelf", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._end.is_set():
            begun = time.monotonic()
            try:
                self.look()
            except FomrepoError as error:
                _log.warning("what is published could not be asked for, the pages show what was known: %s", error)
            self._end.wait(max(PAUSE_S, PAUSE_SHARE * (time.monotonic() - begun)))


def listed(visitor: Repository, versioned: str) -> Listed:
    """Fetch what is searched and counted of one published version."""
    record = visitor[versioned]
    said = visitor.metadata.of(versioned)
    if not is_public(record):
        raise NotFoundError(f"no record {versioned} that everybody may see")
    one = listed_of(record, said)
    sites = sorted({copy.site for copy in visitor.replicas(versioned) if copy.state == "good"})
    methods = [each.schema.name for each in visitor.methods() if any(fits(each.schema, file) for file in record)]
    return replace(one, facets={**one.facets, "site": tuple(sites), "method": tuple(methods)}, looked=time.monotonic())
