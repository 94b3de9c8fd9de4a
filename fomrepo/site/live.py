"""Operations under way at this site: who waits for them, how far they are, how they ended."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from fomrepo.errors import FomrepoError, NotFoundError
from fomrepo.model.operations import Operation, OperationEnd, OperationState, Provenance
from fomrepo.site.run import RunAnswer
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import failures_pb2

#: How long an ended operation is remembered here, in seconds; the catalog remembers it longer.
REMEMBERED_S = 600.0
#: Most ended operations that are remembered here.
REMEMBERED_COUNT = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as its caller gets it."""

    provenance: Provenance
    #: The parsed ``method.toml`` of the method that ran, as canonical JSON.
    schema_json: str
    #: Size of the container in bytes.
    size: int
    #: Site whose store holds the blob, and the blob's digest.
    held_by: str
    blob: str
    #: The container itself, where it came along; empty otherwise.
    inline: bytes = b""


@dataclass(slots=True)
class LiveOperation:
    """One operation, shared by the thread that drives it and the threads that wait for it."""

    id: str
    #: Id of who asked.
    principal: str
    #: Site that took the question; other sites may not ask about it.
    home: str
    state: OperationState = OperationState.WAITING
    #: Site that runs it now; empty while none was chosen.
    site: str = ""
    done: int = 0
    total: int = 0
    #: Set when done: at the home site what the caller gets, at a serving site what ran.
    answer: Answer | None = None
    run: RunAnswer | None = None
    error: FomrepoError | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    ended_at: float = 0.0
    #: Done when the catalog has the operation; None where it needs no row.
    noted: Future[None] | None = None
    #: How it ended, once that stands in line to be noted.
    end_to_note: OperationEnd | None = None
    #: The same, if it was written with the operation's opening.
    noted_end: OperationEnd | None = None

    def progress(self, done: int, total: int) -> None:
        """Note how far the run is."""
        self.state, self.done, self.total = OperationState.RUNNING, done, total

    def end(
        self, *, answer: Answer | None = None, run: RunAnswer | None = None, error: FomrepoError | None = None
    ) -> None:
        """Note how it ended, and wake those who wait."""
        self.answer, self.run, self.error = answer, run, error
        if error is None:
            self.state = OperationState.DONE
        else:
            self.state = OperationState.CANCELLED if self.cancelled.is_set() else OperationState.FAILED
        self.ended_at = time.monotonic()
        self.ended.set()


class LiveOperations:
    """The operations of one site that are under way or ended lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[tuple[str, str], LiveOperation] = {}

    def get_or_add(self, operation: LiveOperation) -> tuple[LiveOperation, bool]:
        """Operation of that home and id, and whether it is new."""
        with self._lock:
            known = self._operations.setdefault((operation.home, operation.id), operation)
            self._forget()
            return known, known is operation

    def find(self, home: str, operation_id: str) -> LiveOperation | None:
        """Operation of that home and id, or None."""
        return self._operations.get((home, operation_id))

    def under_way(self) -> list[LiveOperation]:
        """Operations that have not ended."""
        with self._lock:
            return [one for one in self._operations.values() if not one.ended.is_set()]

    def need(self, home: str, operation_id: str) -> LiveOperation:
        """Operation of that home and id.

        Raises
        ------
        NotFoundError
            If this site does not know it.
        """
        if (found := self.find(home, operation_id)) is None:
            raise NotFoundError(f"no operation {operation_id}", remedy="call the method again")
        return found

    def _forget(self) -> None:
        """Drop what ended long ago."""
        if len(self._operations) % 64:
            return
        ended = sorted((one.ended_at, key) for key, one in self._operations.items() if one.ended.is_set())
        old = time.monotonic() - REMEMBERED_S
        surplus = max(len(ended) - REMEMBERED_COUNT, 0)
        for position, (moment, key) in enumerate(ended):
            if moment < old or position < surplus:
                del self._operations[key]


def recalled(operation: Operation, *, home: str) -> LiveOperation:
    """Operation as the catalog remembers it; one that has not ended stays as it was found."""
    live = LiveOperation(
        operation.id, operation.principal, home, operation.state, operation.site or "", operation.done, operation.total
    )
    if operation.state is OperationState.DONE and operation.provenance is not None:
        live.end(
            answer=Answer(
                operation.provenance, operation.schema_json, operation.result_size, operation.held_by, operation.blob
            )
        )
    elif operation.state.final:
        if operation.state is OperationState.CANCELLED:
            live.cancelled.set()
        live.end(error=failure_from_wire(failures_pb2.Failure.FromString(operation.failure or b"")))
    return live
