"""Service ``Checks``: golden cases run at this site."""

from __future__ import annotations

import grpc

from fomrepo.model.bundle import read_bundle
from fomrepo.model.operations import MethodRef
from fomrepo.site.check import CheckDesk, LiveCheck
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import WaitingRoom, caller, unary
from fomrepo.wire.calls import WAIT_LIMIT_S
from fomrepo.wire.checks import health_to_wire
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.methods import bundle_from_wire
from fomrepo.wire.v1 import checks_pb2, checks_pb2_grpc


class ChecksService(checks_pb2_grpc.ChecksServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, desk: CheckDesk, room: WaitingRoom) -> None:
        self._site, self._desk, self._room = site, desk, room

    @unary
    def TestMethod(self, request: checks_pb2.TestMethodRequest, context: grpc.ServicerContext) -> checks_pb2.CheckReply:
        principal = caller(self._site.catalog, context)
        return self._reply(self._desk.test(principal, read_bundle(bundle_from_wire(request.bundle))))

    @unary
    def VerifyMethod(
        self, request: checks_pb2.VerifyMethodRequest, context: grpc.ServicerContext
    ) -> checks_pb2.CheckReply:
        principal = caller(self._site.catalog, context)
        return self._reply(self._desk.verify(principal, MethodRef(request.method, request.version or None)))

    @unary
    def WaitForCheck(
        self, request: checks_pb2.WaitForCheckRequest, context: grpc.ServicerContext
    ) -> checks_pb2.CheckReply:
        live = self._desk.find(caller(self._site.catalog, context), request.check)
        with self._room.seat(request.wait_s, WAIT_LIMIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self._reply(live)

    @unary
    def CancelCheck(
        self, request: checks_pb2.CancelCheckRequest, context: grpc.ServicerContext
    ) -> checks_pb2.CheckReply:
        live = self._desk.find(caller(self._site.catalog, context), request.check)
        live.cancelled.set()
        return self._reply(live)

    @unary
    def ListHealth(
        self, request: checks_pb2.ListHealthRequest, context: grpc.ServicerContext
    ) -> checks_pb2.ListHealthReply:
        caller(self._site.catalog, context)
        return checks_pb2.ListHealthReply(verdicts=map(health_to_wire, self._site.catalog.health.all()))

    def _reply(self, live: LiveCheck) -> checks_pb2.CheckReply:
        ended = live.ended.is_set()
        reply = checks_pb2.CheckReply(
            check=live.id, ended=ended, site=self._site.name, done=live.done, total=live.total, step=live.step
        )
        if ended and live.report is not None:
            reply.report_json = live.report.to_json()
        if ended and live.error is not None:
            reply.failure.CopyFrom(failure_to_wire(live.error))
        return reply
