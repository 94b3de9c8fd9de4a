"""Service ``Lifecycle``: what becomes of records after they were deposited."""

from __future__ import annotations

import grpc

from fomrepo.site.lifecycle import LifecycleDesk
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.records import compared_from_wire, record_to_wire, similar_to_wire
from fomrepo.wire.v1 import files_pb2, lifecycle_pb2, lifecycle_pb2_grpc


class LifecycleService(lifecycle_pb2_grpc.LifecycleServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, desk: LifecycleDesk) -> None:
        self._site, self._desk = site, desk

    @unary
    def Publish(self, request: lifecycle_pb2.PublishRequest, context: grpc.ServicerContext) -> files_pb2.Record:
        principal, until = caller(self._site.catalog, context), request.embargo_until or None
        return record_to_wire(
            self._desk.publish(principal, request.record, licence=request.licence, embargo_until=until)
        )

    @unary
    def CheckPublication(
        self, request: lifecycle_pb2.PublishRequest, context: grpc.ServicerContext
    ) -> files_pb2.Record:
        principal, until = caller(self._site.catalog, context), request.embargo_until or None
        return record_to_wire(
            self._desk.check_publication(principal, request.record, licence=request.licence, embargo_until=until)
        )

    @unary
    def SetEmbargo(self, request: lifecycle_pb2.SetEmbargoRequest, context: grpc.ServicerContext) -> files_pb2.Record:
        principal = caller(self._site.catalog, context)
        return record_to_wire(self._desk.set_embargo(principal, request.record, request.until or None))

    @unary
    def Supersede(self, request: lifecycle_pb2.SupersedeRequest, context: grpc.ServicerContext) -> files_pb2.Record:
        principal = caller(self._site.catalog, context)
        return record_to_wire(self._desk.supersede(principal, request.record, request.by))

    @unary
    def WithdrawRecord(
        self, request: lifecycle_pb2.WithdrawRecordRequest, context: grpc.ServicerContext
    ) -> files_pb2.Record:
        principal = caller(self._site.catalog, context)
        return record_to_wire(self._desk.withdraw(principal, request.record, request.reason))

    @unary
    def ListSimilar(
        self, request: files_pb2.GetRecordRequest, context: grpc.ServicerContext
    ) -> lifecycle_pb2.ListSimilarReply:
        principal = caller(self._site.catalog, context)
        found = self._desk.similar(principal, request.record)
        return lifecycle_pb2.ListSimilarReply(similar=map(similar_to_wire, found))

    @unary
    def FindSimilar(
        self, request: lifecycle_pb2.FindSimilarRequest, context: grpc.ServicerContext
    ) -> lifecycle_pb2.ListSimilarReply:
        principal = caller(self._site.catalog, context)
        found = self._desk.similar_to(principal, [compared_from_wire(one) for one in request.files], but=request.but)
        return lifecycle_pb2.ListSimilarReply(similar=map(similar_to_wire, found))
