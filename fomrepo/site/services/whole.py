"""Service ``WholeRecords``: records with all that is known of them, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import grpc

from fomrepo.errors import ArgumentError
from fomrepo.model.files import RecordName, RecordVersion
from fomrepo.model.whole import WholeRecord
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.v1 import whole_pb2, whole_pb2_grpc
from fomrepo.wire.whole import whole_to_wire

#: Most records of one answer: each has some kilobytes.
PAGE_LIMIT = 200
#: Names of one request.
NAMES_LIMIT = 100
#: Bytes of records after which a page ends, whatever its limit is; clients take messages of 16 MiB.
PAGE_BYTES_LIMIT = 4 * 2**20


class WholeRecordsService(whole_pb2_grpc.WholeRecordsServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts) -> None:
        self._catalog = site.catalog

    @unary
    def Find(self, request: whole_pb2.FindWholeRequest, context: grpc.ServicerContext) -> whole_pb2.WholeReply:
        principal = caller(self._catalog, context)
        if len(request.records) > NAMES_LIMIT:
            raise ArgumentError(f"{len(request.records)} records at once are too many, {NAMES_LIMIT} are allowed")
        reply = whole_pb2.WholeReply()
        names = [RecordName.parse(one) for one in request.records]
        size = 0
        for name, one in zip(request.records, self._catalog.whole.find(names, principal.id), strict=True):
            if size > PAGE_BYTES_LIMIT:
                reply.next = name
                break
            if one is not None:
                message = whole_to_wire(one)
                size += message.ByteSize()
                reply.records.append(message)
        return reply

    @unary
    def ListPublic(self, request: whole_pb2.ListPublicRequest, context: grpc.ServicerContext) -> whole_pb2.WholeReply:
        caller(self._catalog, context)
        limit = min(max(request.limit, 1), PAGE_LIMIT)
        found, after, moment = self._catalog.whole.public(
            limit=limit, after=request.after or None, since=max(request.since, 0.0)
        )
        return _reply(found, after, lambda one: one.record_id, moment)

    @unary
    def ListOwn(self, request: whole_pb2.ListOwnRequest, context: grpc.ServicerContext) -> whole_pb2.WholeReply:
        principal = caller(self._catalog, context)
        limit = min(max(request.limit, 1), PAGE_LIMIT)
        found, after = self._catalog.whole.own(
            principal.id, limit=limit, after=request.after or None, since=max(request.since, 0.0)
        )
        return _reply(found, after, lambda one: one.version_id)


def _reply(
    found: Iterable[WholeRecord], after: str | None, mark: Callable[[RecordVersion], str], moment: float = 0.0
) -> whole_pb2.WholeReply:
    """Write a page, as far as it fits into a message; ``mark`` says after what the next one begins."""
    reply = whole_pb2.WholeReply(next=after or "", moment=moment)
    size = 0
    for one in found:
        if size > PAGE_BYTES_LIMIT:
            break
        message = whole_to_wire(one)
        size += message.ByteSize()
        reply.records.append(message)
        last = one.version
    else:
        return reply
    reply.next = mark(last)
    return reply
