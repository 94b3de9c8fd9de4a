"""What is published, as far as a visitor was told: kept in memory, to be searched and counted within milliseconds.

All of it is asked for when the pages begin and now and then later; in between only what came or went. Private records
are in no count and no answer because the shelf never hears of them: it asks for what everybody may see.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

from fomrepo.browser.catalogue import Catalogue
from fomrepo.browser.listed import Listed, listed_of
from fomrepo.browser.statistics import statistics_view
from fomrepo.client.remote_methods import fits
from fomrepo.client.repository import Repository
from fomrepo.client.whole import KnownRecord
from fomrepo.errors import FomrepoError
from fomrepo.model.files import RecordState

#: Pause between two looks for news, in seconds.
PAUSE_S = 10.0
#: After this long everything is asked for again, since copies and methods change what lists say of old records; the
#: pause is at least this many times as long as the last such look took.
RELOOK_S, RELOOK_SHARE = 900.0, 20.0
#: News are asked for from this long before the last look on: what was being written then is seen by the next one.
OVERLAP_S = 120.0
#: Records that are at least fetched before they are indexed, and shown if nothing was before; later it is a quarter of
#: what is there, so that the memory for texts that are not indexed yet stays small beside the index.
STEP = 500

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
        self._moment = 0.0
        self._whole_look_due = 0.0
        self._show(Catalogue(()))

    def _show(self, catalogue: Catalogue) -> None:
        #: What is published; replaced as a whole.
        self.catalogue = catalogue
        #: Statistics of it.
        self.statistics: dict[str, Any] = statistics_view(catalogue.records)

    def look(self) -> None:
        """Ask for news, or for everything if it is time."""
        if time.monotonic() >= self._whole_look_due:
            begun = time.monotonic()
            self._look_at_all()
            took = time.monotonic() - begun
            self._whole_look_due = time.monotonic() + max(RELOOK_S, RELOOK_SHARE * took)
        else:
            self._look_for_news()

    def begin(self) -> None:
        """Look now and then, until :meth:`end`."""
        self._thread = threading.Thread(target=self._run, name="fomrepo-shelf", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _look_at_all(self) -> None:
        whole, first = self._visitor.whole, not self.catalogue.records
        growing, pending = Catalogue(()), list[Listed]()
        for one in self._listed(whole.public()):
            if self._end.is_set():
                return
            if isinstance(one, str):
                continue
            pending.append(one)
            if len(pending) >= max(STEP, len(growing.records) // 4):
                growing, pending = growing.changed(pending, ()), []
                if first:
                    self._show(growing)
        self._show(growing.changed(pending, ()))
        self._moment = whole.moment

    def _look_for_news(self) -> None:
        whole = self._visitor.whole
        known = {one.accession: one for one in self.catalogue.records}
        news, gone = [], set()
        for one in self._listed(whole.public(since=self._moment - OVERLAP_S)):
            if isinstance(one, str):
                gone.add(one)
            elif known.get(one.accession) != one:
                news.append(one)
        if news or not gone.isdisjoint(known):
            self._show(self.catalogue.changed(news, gone))
        self._moment = whole.moment

    def _listed(self, found: Iterable[KnownRecord]) -> Iterable[Listed | str]:
        """Sum up records; of a tombstone its accession."""
        methods = [one.schema for one in self._visitor.methods()]
        of_kind: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for one in found:
            if one.record.state != RecordState.PUBLISHED:
                yield one.record.accession
                continue
            fitting: dict[str, None] = {}
            for file in one.record:
                kind = (file.file_type, file.families)
                if kind not in of_kind:
                    of_kind[kind] = [schema.name for schema in methods if fits(schema, file)]
                fitting |= dict.fromkeys(of_kind[kind])
            yield listed_of(one, fitting)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.look()
            except FomrepoError as error:
                _log.warning("what is published could not be asked for, the pages show what was known: %s", error)
            self._end.wait(PAUSE_S)
