"""Service ``Deposits``: from files on somebody's disk to a record."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc

from fomrepo.errors import ArgumentError, SiteBusyError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.deposits import Deposit, ExpectedFile
from fomrepo.site.deposit import DepositDesk, ReceivedPiece
from fomrepo.site.deposit_request import DepositRequest
from fomrepo.site.examine import Findings
from fomrepo.site.load import RETRY_AFTER_S
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import Probed
from fomrepo.site.services.border import WaitingRoom, caller, check_texts, unary
from fomrepo.site.services.idle import IdleWatch
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.door import this_machine
from fomrepo.wire.failures import failure_to_wire
from fomrepo.wire.uploads import UploadMessage
from fomrepo.wire.v1 import deposits_pb2, deposits_pb2_grpc, failures_pb2


class DepositsService(deposits_pb2_grpc.DepositsServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, desk: DepositDesk, room: WaitingRoom) -> None:
        self._site, self._desk, self._room = site, desk, room
        self._idle = IdleWatch(site.settings.upload_idle_s)
        #: An upload holds a thread as long as it lasts; half of them are for everybody else.
        self._streams = threading.BoundedSemaphore(site.settings.threads // 2)

    @unary
    def Begin(self, request: deposits_pb2.BeginDepositRequest, context: grpc.ServicerContext) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        wanted = DepositRequest(
            key=request.idempotency_key,
            title=request.title,
            project=request.project,
            name=request.name,
            new_version_of=request.new_version_of,
            files=tuple(_expected(one) for one in request.files),
            claims=_claims(request.claims_json),
        )
        return self._reply(self._desk.begin(principal, wanted))

    @unary
    def Get(self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext) -> deposits_pb2.Deposit:
        return self._reply(self._desk.get(caller(self._site.catalog, context), request.deposit))

    @unary
    def Revise(self, request: deposits_pb2.ReviseDepositRequest, context: grpc.ServicerContext) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        revised = self._desk.revise(
            principal,
            request.deposit,
            title=request.title,
            claims=_claims(request.claims_json),
            files=[(_expected(one), one.digest or None) for one in request.files],
        )
        return self._reply(revised)

    @unary
    def Upload(self, request: Iterator[UploadMessage], context: grpc.ServicerContext) -> deposits_pb2.UploadReply:
        principal = caller(self._site.catalog, context)
        with self._one_stream():
            messages = self._until_idle(request, context)
            first = next(messages, None)
            if not isinstance(first, deposits_pb2.UploadChunk):
                raise ArgumentError("the upload does not begin with the name of its file")
            check_texts(first)
            received, digest = self._desk.upload(
                principal,
                first.deposit,
                first.name,
                offset=first.offset,
                pieces=map(_piece, messages),
            )
        return deposits_pb2.UploadReply(received=received, digest=digest or "")

    @unary
    def Door(self, request: deposits_pb2.DoorRequest, context: grpc.ServicerContext) -> deposits_pb2.DoorReply:
        caller(self._site.catalog, context)
        try:
            found = self._site.door.lstat()
        except OSError:
            found = None
        if found is None or not request.machine or request.machine != this_machine():
            return deposits_pb2.DoorReply()
        return deposits_pb2.DoorReply(path=str(self._site.door), device=found.st_dev, inode=found.st_ino)

    @unary
    def Complete(
        self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext
    ) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        with self._room.seat(request.wait_s, CALL_WAIT_S) as wait_s:
            return self._reply(*self._desk.complete(principal, request.deposit, wait_s=wait_s))

    @unary
    def Check(
        self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext
    ) -> deposits_pb2.Deposit:
        principal = caller(self._site.catalog, context)
        with self._room.seat(request.wait_s, CALL_WAIT_S) as wait_s:
            return self._reply(*self._desk.check(principal, request.deposit, wait_s=wait_s))

    @unary
    def Abandon(
        self, request: deposits_pb2.CompleteDepositRequest, context: grpc.ServicerContext
    ) -> deposits_pb2.Deposit:
        return self._reply(self._desk.abandon(caller(self._site.catalog, context), request.deposit))

    @contextmanager
    def _one_stream(self) -> Iterator[None]:
        if not self._streams.acquire(blocking=False):
            raise SiteBusyError(
                f"{self._site.name} takes as many files as it can at a time",
                remedy=f"try again in {RETRY_AFTER_S} s",
                facts={"retry_after_s": str(RETRY_AFTER_S)},
            )
        try:
            yield
        finally:
            self._streams.release()

    def _until_idle(self, request: Iterator[UploadMessage], context: grpc.ServicerContext) -> Iterator[UploadMessage]:
        """Messages of a stream, which is ended when none comes for too long."""

        def end() -> None:
            logger.info("an upload on which nothing came was ended", after_s=self._site.settings.upload_idle_s)
            context.cancel()

        while True:
            with self._idle.waiting(end):
                message = next(request, None)
            if message is None:
                return
            yield message

    def _reply(self, deposit: Deposit, step: str = "", findings: Findings | None = None) -> deposits_pb2.Deposit:
        reply = deposits_pb2.Deposit(
            id=deposit.id,
            state=deposit.state.value,
            accession=deposit.accession or "",
            step=step,
            site=deposit.site,
            title=deposit.title,
            claims_json=canonical_json(dict(deposit.claims)).decode(),
        )
        for upload in deposit.uploads:
            told = reply.uploads.add(
                name=upload.file.name,
                size=upload.file.size,
                received=self._desk.received(upload),
                digest=upload.digest or "",
                topology=upload.file.topology or "",
                guard=self._desk.guard(upload),
            )
            found = (findings or {}).get(upload.file.name)
            if isinstance(found, Probed):
                told.file_type = found.file_type
                told.facts_json = canonical_json(dict(found.facts)).decode()
            elif found is not None:
                told.refusal.CopyFrom(failure_to_wire(found))
        if deposit.refusal is not None:
            reply.refusal.CopyFrom(failures_pb2.Failure.FromString(deposit.refusal))
        return reply


def _piece(message: UploadMessage) -> ReceivedPiece:
    if isinstance(message, memoryview):
        return ReceivedPiece(message)
    return ReceivedPiece(message.data, message.digest, message.prefix_digest)


def _expected(file: deposits_pb2.FileToCome) -> ExpectedFile:
    return ExpectedFile(file.name, file.size, file.topology or None)


def _claims(text: str) -> Mapping[str, Any]:
    """Read what a depositor says: an object of JSON, without numbers that are none."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        found = json.loads(text or "{}", parse_constant=refuse)
        canonical_json(found)  # a number may be too large for one
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"what is said of the deposit is no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict) or "\\u0000" in text:
        raise ArgumentError("what is said of the deposit is no object of JSON, or holds a NUL character")
    return found
