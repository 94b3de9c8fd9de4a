"""The operations of a site's callers: opened, found again, taken over, ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from fomrepo.errors import CancelledError, ConflictError, FomrepoError, NotFoundError
from fomrepo.model.bundle import read_bundle
from fomrepo.model.canonical import canonical_json, new_id, sha256_hex
from fomrepo.model.operations import Operation, OperationEnd, OperationState
from fomrepo.model.people import Principal
from fomrepo.site.lately import Lately
from fomrepo.site.ledger import ANSWER_FIRST_S
from fomrepo.site.live import Answer, LiveOperation, LiveOperations, recalled
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question, Resolution
from fomrepo.site.sites_known import SitesKnown
from fomrepo.wire.calls import call_from_wire, call_to_wire
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.methods import bundle_from_wire, bundle_to_wire
from fomrepo.wire.v1 import calls_pb2

#: Drives an operation to its end.
Drive = Callable[[LiveOperation, Principal, Question], None]


class OperationBook:
    """Operations of one home site.

    Parameters
    ----------
    site
        The site.
    sites
        Tells whether the home of a lost operation is down.
    drive
        Called for an operation that this site takes over from another.
    """

    def __init__(self, site: SiteParts, sites: SitesKnown, drive: Drive) -> None:
        self._site, self._sites, self._drive = site, sites, drive
        self._live = LiveOperations()
        self._lock = threading.Lock()
        #: On the way into the catalog: by caller and idempotency key, digest of the request and operation.
        self._by_key: Lately[tuple[str, str], tuple[str, LiveOperation]] = Lately()
        #: On the way into the catalog: who was answered, by caller and key of the result.
        self._answered: Lately[tuple[str, str], bool] = Lately()

    def open(self, principal: Principal, question: Question) -> tuple[LiveOperation, bool]:
        """Open an operation, or find the one that the same idempotency key opens now; says whether it is new.

        What the key opened before, :meth:`opened` finds.

        Raises
        ------
        ConflictError
            If the key was used for another call.
        """
        key, digest = question.order.idempotency_key or new_id(), _request_digest(question)
        live = LiveOperation(new_id(), principal.id, self._site.name)
        with self._lock:
            pending = self._by_key.get((principal.id, key))
            if pending is None:
                self._by_key.put((principal.id, key), (digest, live))
        if pending is not None:
            _same_request(pending[0], digest)
            return pending[1], False
        self._live.get_or_add(live)
        live.noted = self._site.ledger.note(lambda: self._note_opening(principal, question, live, key, digest))
        live.noted.add_done_callback(lambda _: self._by_key.written((principal.id, key)))
        return live, True

    def opened(self, principal: Principal, question: Question, known: Resolution) -> Operation | LiveOperation | None:
        """What the same idempotency key opened before, as :meth:`known` takes it; only reads. None if there is none.

        Raises
        ------
        ConflictError
            If the key was used for another call.
        """
        if not (key := question.order.idempotency_key):
            return None
        digest = _request_digest(question)
        if (pending := self._by_key.get((principal.id, key))) is not None:
            _same_request(pending[0], digest)
            return pending[1]
        if not known.kept.opened:
            return None
        return self._site.catalog.operations.find(principal.id, key=key, request_digest=digest)

    def known(self, principal: Principal, found: Operation | LiveOperation) -> LiveOperation:
        """Operation that the catalog has: under way here, taken over, or as the catalog remembers it."""
        if isinstance(found, LiveOperation):
            return found
        here = self._live.find(self._site.name, found.id)
        return here or self._adopted(principal, found) or recalled(found, home=self._site.name)

    def unrecorded(self, principal: Principal) -> LiveOperation:
        """Make an operation that adds nothing to anybody's history, so that it lives here only."""
        return self._live.get_or_add(LiveOperation(new_id(), principal.id, self._site.name))[0]

    def find(self, principal: Principal, operation_id: str) -> LiveOperation:
        """Find an operation of the caller, also one that another site took.

        Raises
        ------
        NotFoundError
            If there is none, or it is somebody else's.
        """
        live = self._live.find(self._site.name, operation_id)
        if live is None and (operation := self._site.catalog.operations.get(operation_id, principal.id)) is not None:
            live = self.known(principal, operation)
        if live is None or live.principal != principal.id:
            raise NotFoundError(f"no operation {operation_id} of yours", remedy="call the method again")
        return live

    def answered_lately(self, principal: str, result_key: str) -> bool:
        """Whether the caller got this very answer just now, which the catalog may not know yet."""
        return self._answered.get((principal, result_key)) is not None

    def answered(self, principal: str, result_key: str) -> bool:
        """Whether the caller got this very answer before."""
        if not result_key:
            return False
        return self.answered_lately(principal, result_key) or self._site.catalog.operations.answered(
            principal, result_key
        )

    def served(self, live: LiveOperation, site: str) -> None:
        """Note which site runs an operation."""
        live.site = site
        self._site.ledger.note(lambda: live.end_to_note is None and self._site.catalog.operations.serve(live.id, site))

    def cancel(self, live: LiveOperation) -> None:
        """Note that the caller wants an operation to end, and let whoever drives it here know."""
        live.cancelled.set()
        self._site.ledger.note(lambda: self._site.catalog.operations.request_cancel(live.id, live.principal))

    def heed_cancellations(self) -> None:
        """Hear of the operations driven here that their callers cancelled through another site."""
        for live in self._live.under_way():
            if not live.cancelled.is_set() and self._site.catalog.operations.cancel_requested(live.id):
                live.cancelled.set()

    def end(self, live: LiveOperation, answer: Answer, *, result_key: str) -> None:
        """Note an answer, and give it to those who wait."""
        pending = (live.principal, result_key)
        if result_key:
            self._answered.put(pending, True)
        noted = self._end(
            live,
            OperationEnd(
                OperationState.DONE,
                provenance=answer.provenance,
                result_size=answer.size,
                result=(answer.held_by, answer.blob),
                result_key=result_key,
                schema_json=answer.schema_json,
            ),
            answer=answer,
        )
        noted.add_done_callback(lambda _: self._answered.written(pending))

    def fail(self, live: LiveOperation, error: FomrepoError) -> None:
        """Note a failure, and tell those who wait."""
        state = OperationState.CANCELLED if isinstance(error, CancelledError) else OperationState.FAILED
        failure = failure_to_wire(error).SerializeToString()
        self._end(live, OperationEnd(state, failure=failure), error=error)

    def _note_opening(
        self, principal: Principal, question: Question, live: LiveOperation, key: str, digest: str
    ) -> None:
        """Write an operation's row; of one that has ended meanwhile, with its end."""
        end = live.end_to_note
        note = partial(
            self._site.catalog.operations.open,
            principal.id,
            request_digest=digest,
            method=f"{question.schema.name} {question.schema.version}",
            home=self._site.name,
            request=_adoptable(question),
            operation_id=live.id,
            site=live.site or None,
            end=end,
        )
        noted, new = note(key=key)
        if noted.id != live.id:  # another site was asked the same at the same moment: both ids have to be found
            _, new = note(key=live.id)
        live.noted_end = end if new else None  # a commit of which nobody heard may have written it without its end

    def _end(
        self,
        live: LiveOperation,
        end: OperationEnd,
        *,
        answer: Answer | None = None,
        error: FomrepoError | None = None,
    ) -> Future[None]:
        """Note how an operation ended, unless that is written with its opening, and tell those who wait."""
        live.end_to_note = end
        noted = self._site.ledger.note(
            lambda: live.noted_end is end or self._site.catalog.operations.finish(live.id, end)
        )
        live.end(answer=answer, error=error)
        self._site.ledger.hurry(within_s=ANSWER_FIRST_S)  # other sites may be asked for it next
        return noted

    def _adopted(self, principal: Principal, known: Operation) -> LiveOperation | None:
        """Take over an operation whose home is down or has forgotten it; None if it is in good hands."""
        homes = self._sites.entries()
        lost = known.home == self._site.name or known.home not in homes or not homes[known.home].up
        if known.state.final or not lost:
            return None
        request = self._site.catalog.operations.adopt(known.id, lost_home=known.home, home=self._site.name)
        if request is None:
            return None
        sent = calls_pb2.TryDraftRequest.FromString(request)
        order = call_from_wire(sent.call)
        draft = sent.HasField("bundle")
        bundle = read_bundle(bundle_from_wire(sent.bundle)) if draft else self._site.registry.find(order.method)
        live, new = self._live.get_or_add(LiveOperation(known.id, principal.id, self._site.name))
        if new:
            self._drive(live, principal, Question(order, bundle, draft, sent.at_site))
        return live


def _same_request(asked: str, digest: str) -> None:
    if asked != digest:
        raise ConflictError(
            "this idempotency key was used for another call", remedy="send another call with another key"
        )


def _request_digest(question: Question) -> str:
    order = question.order
    inputs = [[one.record, one.name] for one in order.inputs]
    frames = order.frames.canonical() if order.frames else None
    return sha256_hex(canonical_json([question.bundle.digest, inputs, dict(order.arguments), frames]))


def _adoptable(question: Question) -> bytes:
    """What another site needs to take a call over."""
    request = calls_pb2.TryDraftRequest(call=call_to_wire(question.order), at_site=question.at_site)
    request.call.version = question.schema.version
    if question.draft:
        request.bundle.CopyFrom(bundle_to_wire(question.bundle.files))
    return request.SerializeToString()
