"""Service ``Deposits``: from files on somebody's disk to a record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import grpc

from fomrepo.errors import ArgumentError
from fomrepo.model.deposits import Deposit, ExpectedFile
from fomrepo.site.deposit import DepositDesk, DepositRequest
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import WaitingRoom, caller, check_texts, unary
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.v1 import deposits_pb2, deposits_pb2_grpc, failures_pb2


class DepositsService(deposits_pb2_grpc.DepositsServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, desk: DepositDesk, room: WaitingRoom) -> None:
        self._site, self._desk, self._room = site, desk, room

    @unary
    def Begin(self, request: deposits_pb2.BeginDepositRequest, context: grpc.ServicerContext) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        wanted = DepositRequest(
            key=request.idempotency_key,
            title=request.title,
            project=request.project,
            name=request.name,
            new_version_of=request.new_version_of,
            files=tuple(ExpectedFile(one.name, one.size, one.topology or None) for one in request.files),
        )
        return self._reply(self._desk.begin(principal, wanted), "")

    @unary
    def Upload(
        self, request: Iterator[deposits_pb2.UploadChunk], context: grpc.ServicerContext
    ) -> deposits_pb2.UploadReply:
        principal = caller(self._site.catalog, context)
        first = next(request, None)
        if first is None:
            raise ArgumentError("the upload was empty")
        check_texts(first)
        chunks = ((one.data, one.digest) for one in itertools.chain([first], request))
        received, digest = self._desk.upload(principal, first.deposit, first.name, offset=first.offset, chunks=chunks)
        return deposits_pb2.UploadReply(received=received, digest=digest or "")

    @unary
    def Complete(
        self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext
    ) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        with self._room.seat(request.wait_s, CALL_WAIT_S) as wait_s:
            return self._reply(*self._desk.complete(principal, request.deposit, wait_s=wait_s))

    @unary
    def Abandon(
        self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext
    ) -> deposits_pb2.Deposit:
        return self._reply(self._desk.abandon(caller(self._site.catalog, context), request.deposit), "")

    def _reply(self, deposit: Deposit, step: str) -> deposits_pb2.Deposit:
        reply = deposits_pb2.Deposit(
            id=deposit.id, state=deposit.state.value, accession=deposit.accession or "", step=step, site=deposit.site
        )
        for upload in deposit.uploads:
            reply.uploads.add(
                name=upload.file.name,
                size=upload.file.size,
                received=self._desk.received(upload),
                digest=upload.digest or "",
            )
        if deposit.refusal is not None:
            reply.refusal.CopyFrom(failures_pb2.Failure.FromString(deposit.refusal))
        return reply
