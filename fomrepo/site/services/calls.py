"""Service ``Calls``: calls of methods, operations, results."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import grpc

from fomrepo.cache.store import SMALL_BYTES
from fomrepo.errors import NetworkError, NotFoundError
from fomrepo.model.bundle import read_bundle
from fomrepo.site.call import Asked, CallDesk
from fomrepo.site.explain import explain
from fomrepo.site.live import LiveOperation
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import WaitingRoom, caller, stream, unary
from fomrepo.site.sites_known import SitesKnown
from fomrepo.wire.calls import CALL_WAIT_S, WAIT_LIMIT_S, call_from_wire, explanation_to_wire
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.methods import bundle_from_wire
from fomrepo.wire.replies import Reply
from fomrepo.wire.v1 import calls_pb2, calls_pb2_grpc

#: The catalog may take so long to note an operation before its caller is told that something is wrong.
NOTE_TIMEOUT_S = 30.0

#: Seconds between two looks at an operation that another site drives.
POLL_S = 0.25


class CallsService(calls_pb2_grpc.CallsServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, desk: CallDesk, room: WaitingRoom, sites: SitesKnown) -> None:
        self._site, self._desk, self._room, self._sites = site, desk, room, sites

    @unary
    def Call(  # type: ignore[override]  # a reply with its result beside it: see wire/replies.py
        self, request: calls_pb2.CallRequest, context: grpc.ServicerContext
    ) -> Reply:
        catalog, order = self._site.catalog, call_from_wire(request)
        live = self._desk.call(catalog.at_one_moment(lambda: self._desk.look_up(caller(catalog, context), order)))
        with self._room.seat(request.wait_s, CALL_WAIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self.reply(live)

    @unary
    def CallTogether(
        self, request: calls_pb2.CallTogetherRequest, context: grpc.ServicerContext
    ) -> calls_pb2.CallTogetherReply:
        catalog, orders = self._site.catalog, [call_from_wire(one) for one in request.calls]

        def look_up() -> list[Asked]:
            principal = caller(catalog, context)
            return [self._desk.look_up(principal, order) for order in orders]

        live = self._desk.call_together(catalog.at_one_moment(look_up))
        with self._room.seat(request.wait_s, CALL_WAIT_S) as wait_s:
            until = time.monotonic() + wait_s
            for one in live:
                one.ended.wait(max(until - time.monotonic(), 0.0))
        reply = calls_pb2.CallTogetherReply(replies=[self.reply(one).whole() for one in live])
        room = SMALL_BYTES
        for each in reply.replies:  # what makes the message too long can still be asked for
            room -= len(each.result)
            if room < 0:
                each.result = b""
        return reply

    @unary
    def Explain(self, request: calls_pb2.CallRequest, context: grpc.ServicerContext) -> calls_pb2.ExplainReply:
        catalog, order = self._site.catalog, call_from_wire(request)
        asked = catalog.at_one_moment(lambda: self._desk.look_up(caller(catalog, context), order))
        return explanation_to_wire(explain(self._site, self._sites, asked))

    @unary
    def TryDraft(  # type: ignore[override]  # see wire/replies.py
        self, request: calls_pb2.TryDraftRequest, context: grpc.ServicerContext
    ) -> Reply:
        principal = caller(self._site.catalog, context)
        bundle = read_bundle(bundle_from_wire(request.bundle))
        live = self._desk.try_draft(principal, call_from_wire(request.call), bundle, at_site=request.at_site)
        with self._room.seat(request.call.wait_s, CALL_WAIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self.reply(live)

    @unary
    def Wait(  # type: ignore[override]  # see wire/replies.py
        self, request: calls_pb2.WaitRequest, context: grpc.ServicerContext
    ) -> Reply:
        principal = caller(self._site.catalog, context)
        live = self._desk.find(principal, request.operation)
        with self._room.seat(request.wait_s, WAIT_LIMIT_S) as wait_s:
            until = time.monotonic() + wait_s
            while not live.ended.wait(min(POLL_S, max(until - time.monotonic(), 0.0))) and time.monotonic() < until:
                live = self._desk.find(principal, request.operation)
        return self.reply(live)

    @unary
    def Cancel(  # type: ignore[override]  # see wire/replies.py
        self, request: calls_pb2.CancelRequest, context: grpc.ServicerContext
    ) -> Reply:
        return self.reply(self._desk.cancel(caller(self._site.catalog, context), request.operation))

    @stream
    def ReadResult(  # type: ignore[override]  # bytes: see wire/chunks.py
        self, request: calls_pb2.ReadResultRequest, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        principal = caller(self._site.catalog, context)
        yield from self._desk.read_result(principal, request.operation, offset=request.offset, length=request.length)

    def reply(self, live: LiveOperation) -> Reply:
        """State of an operation; with the result if it is small."""
        if live.noted is not None and not live.ended.is_set():
            self._site.ledger.hurry()
            live.noted.result(NOTE_TIMEOUT_S)  # whoever has to come back must find it, also at another site
        message = state_message(live)
        message.snapshot = self._site.registry.number
        answer = live.answer
        if answer is None or answer.inline or answer.size > SMALL_BYTES:
            return Reply(message, b"" if answer is None else answer.inline)
        with contextlib.suppress(NotFoundError, NetworkError):  # the result can still be asked for later
            return Reply(message, b"".join(self._desk.read_answer(answer)))
        return Reply(message)


def state_message(live: LiveOperation) -> calls_pb2.CallReply:
    """State of an operation as a message, without its result."""
    message = calls_pb2.CallReply(
        operation=live.id, state=live.state.value, site=live.site, done=live.done, total=live.total
    )
    if live.error is not None:
        message.failure.CopyFrom(failure_to_wire(live.error))
    if (answer := live.answer) is not None:
        message.site = answer.provenance.site
        message.schema_json = answer.schema_json
        message.provenance_json = answer.provenance.to_json()
        message.result_size = answer.size
    return message
