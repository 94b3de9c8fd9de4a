"""What a site notes in the catalog about its calls, written in batches behind their backs.

A commit waits for the disk, and a call of two milliseconds must not. So notes stand in a line, and one thread writes
whatever stands there in one transaction. Who needs a note to be safe waits for it (``Future.result``): no operation is
named to a caller who has to come back for it before its row is committed.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from fomrepo.catalog import Catalog
from fomrepo.errors import FomrepoError, StorageError
from fomrepo.model.results import StoredResult
from fomrepo.site.lately import Lately
from fomrepo.site.log import log_unexpected, logger

#: Most notes of one transaction.
BATCH = 256
#: Seconds for which the first note waits for others, unless somebody hurries: a short call has then ended, and its
#: beginning and its end are one row.
LINGER_S = 0.05
#: The same once a call has ended: its answer is on its way before the processors are busy with its note.
ANSWER_FIRST_S = 0.005
#: Seconds that a flush may take; the catalog repeats a transaction for as long.
FLUSH_TIMEOUT_S = 30.0
#: Most notes that may stand in line; who has one more waits.
LINE = 10_000
#: Times that a note is tried of which the catalog says that it cannot be used, though it can be read.
TRIES = 5
#: Seconds between two looks whether a catalog that was away is back: a database that is restarted.
AWAY_LOOK_S = 0.2

Note = tuple[Callable[[], object], "Future[None]"]


class Ledger:
    """Writes notes in the order in which they came."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        #: Results on their way, by their keys. One without its blob answers nobody, so what is withdrawn or spoilt
        #: meanwhile does no harm.
        self._fresh: Lately[str, StoredResult] = Lately()
        self._line: queue.Queue[Note | None] = queue.Queue(LINE)
        self._due = threading.Condition()
        self._due_at = math.inf
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._writer.start()

    def note(self, write: Callable[[], object]) -> Future[None]:
        """Stand a writing operation of the catalog in line; the future is done when it is committed."""
        written: Future[None] = Future()
        self._line.put((write, written))
        return written

    def hurry(self, *, within_s: float = 0.0) -> None:
        """Write at once, or within a time: somebody waits for a note, or there is nothing more to come."""
        with self._due:
            self._due_at = min(self._due_at, time.monotonic() + within_s)
            self._due.notify()

    def flush(self) -> None:
        """Wait until everything is written that stands in line now."""
        written = self.note(lambda: None)
        self.hurry()
        written.result(FLUSH_TIMEOUT_S)

    def note_result(self, result: StoredResult, write: Callable[[], object]) -> None:
        """Note a result; :meth:`fresh_result` finds it until whoever looks finds it in the catalog."""
        self._fresh.put(result.key, result)
        self.note(write).add_done_callback(lambda _: self._fresh.written(result.key))

    def fresh_result(self, key: str) -> StoredResult | None:
        """Result of this site that a snapshot of the catalog may lack."""
        return self._fresh.get(key)

    def close(self) -> None:
        """Write what stands in line, then stop; a catalog that is away is waited for no longer."""
        self._closing.set()
        self._line.put(None)
        self.hurry()
        self._writer.join()

    def _write(self) -> None:
        while batch := self._next_batch():
            self._write_batch(batch)

    def _next_batch(self) -> list[Note]:
        """What stands in line, at least one note; nothing once the ledger was closed."""
        first = self._line.get()
        if first is None:
            return []
        self._wait_until_due()
        batch = [first]
        while len(batch) < BATCH and not self._line.empty():
            note = self._line.get()
            if note is None:
                self._line.put(None)  # found again by the next look, after this batch
                break
            batch.append(note)
        return batch

    def _wait_until_due(self) -> None:
        latest = time.monotonic() + LINGER_S
        with self._due:
            while (left := min(latest, self._due_at) - time.monotonic()) > 0:
                self._due.wait(left)
            self._due_at = math.inf

    def _write_batch(self, batch: list[Note]) -> None:
        """Write all in one transaction; if one of them cannot be written, each in its own."""
        try:
            self._catalog.together([write for write, _ in batch])
        except Exception:  # whatever one note does, the others are written and the line goes on
            for write, written in batch:
                try:
                    self._write_alone(write)
                except FomrepoError as error:
                    logger.warning("not noted", error=error.message)
                    written.set_exception(error)
                except Exception as error:
                    written.set_exception(log_unexpected(error))
                else:
                    written.set_result(None)
        else:
            for _, written in batch:
                written.set_result(None)

    def _write_alone(self, write: Callable[[], object]) -> None:
        """Write one note, once the catalog is there: a restart of it must not lose what an operation came to."""
        for left in reversed(range(TRIES)):
            try:
                write()
            except StorageError:
                if not left or not self._catalog_is_back():
                    raise
            else:
                return

    def _catalog_is_back(self) -> bool:
        """Wait until the catalog can be read; False if this is to end before."""
        while not self._closing.is_set():
            try:
                self._catalog.number()
            except FomrepoError:
                self._closing.wait(AWAY_LOOK_S)
            else:
                return True
        return False
