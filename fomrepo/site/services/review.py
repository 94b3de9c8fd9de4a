"""Service ``Review``: methods on their way from an author to everybody, and methods of one file."""

from __future__ import annotations

import grpc

from fomrepo.errors import ArgumentError
from fomrepo.model.operations import FileRef
from fomrepo.site.attached import attached_bundle, attached_methods
from fomrepo.site.call import CallDesk
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import WaitingRoom, caller, unary
from fomrepo.site.services.calls import CallsService
from fomrepo.site.submission import SubmissionDesk
from fomrepo.wire.calls import CALL_WAIT_S, WAIT_LIMIT_S, call_from_wire
from fomrepo.wire.methods import bundle_from_wire, schema_to_wire
from fomrepo.wire.replies import Reply
from fomrepo.wire.review import approval_from_wire, papers_to_wire, submission_to_wire
from fomrepo.wire.v1 import review_pb2, review_pb2_grpc


class ReviewService(review_pb2_grpc.ReviewServicer):
    """Answers clients."""

    def __init__(
        self, site: SiteParts, desk: SubmissionDesk, runs: CallDesk, calls: CallsService, room: WaitingRoom
    ) -> None:
        self._site, self._desk, self._runs, self._calls, self._room = site, desk, runs, calls, room

    @unary
    def Submit(self, request: review_pb2.SubmitRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        principal = caller(self._site.catalog, context)
        file = FileRef(request.file.record, request.file.name) if request.HasField("file") else None
        return submission_to_wire(self._desk.submit(principal, bundle_from_wire(request.bundle), file))

    @unary
    def Attach(self, request: review_pb2.SubmitRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        principal = caller(self._site.catalog, context)
        file = FileRef(request.file.record, request.file.name)
        return submission_to_wire(self._desk.attach(principal, bundle_from_wire(request.bundle), file))

    @unary
    def ListSubmissions(
        self, request: review_pb2.ListSubmissionsRequest, context: grpc.ServicerContext
    ) -> review_pb2.ListSubmissionsReply:
        listed = self._desk.listed(caller(self._site.catalog, context), to_review=request.to_review)
        return review_pb2.ListSubmissionsReply(submissions=map(submission_to_wire, listed))

    @unary
    def GetSubmission(
        self, request: review_pb2.GetSubmissionRequest, context: grpc.ServicerContext
    ) -> review_pb2.Submission:
        principal = caller(self._site.catalog, context)
        with self._room.seat(request.wait_s, WAIT_LIMIT_S) as wait_s:
            return submission_to_wire(self._desk.find(principal, request.id, wait_s=wait_s))

    @unary
    def ReadPapers(self, request: review_pb2.PapersRequest, context: grpc.ServicerContext) -> review_pb2.Papers:
        return papers_to_wire(self._desk.papers(caller(self._site.catalog, context), request.id))

    @unary
    def Withdraw(self, request: review_pb2.WithdrawRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        return submission_to_wire(self._desk.withdraw(caller(self._site.catalog, context), request.id))

    @unary
    def Comment(self, request: review_pb2.RemarkRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        return submission_to_wire(self._desk.comment(caller(self._site.catalog, context), request.id, request.text))

    @unary
    def Approve(self, request: review_pb2.ApproveRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        principal = caller(self._site.catalog, context)
        approval = approval_from_wire(request.approval)
        return submission_to_wire(self._desk.approve(principal, request.id, approval))

    @unary
    def Reject(self, request: review_pb2.RemarkRequest, context: grpc.ServicerContext) -> review_pb2.Submission:
        return submission_to_wire(self._desk.reject(caller(self._site.catalog, context), request.id, request.text))

    @unary
    def ListAttached(
        self, request: review_pb2.ListAttachedRequest, context: grpc.ServicerContext
    ) -> review_pb2.ListAttachedReply:
        principal = caller(self._site.catalog, context)
        reply = review_pb2.ListAttachedReply()
        for submission, bundle in attached_methods(
            self._site, principal, FileRef(request.file.record, request.file.name)
        ):
            reply.methods.add(
                submission=submission.id,
                digest=bundle.digest,
                schema_json=schema_to_wire(bundle.schema),
                state=submission.state.value,
                author=submission.author,
            )
        return reply

    @unary
    def CallAttached(  # type: ignore[override]  # see wire/replies.py
        self, request: review_pb2.CallAttachedRequest, context: grpc.ServicerContext
    ) -> Reply:
        principal = caller(self._site.catalog, context)
        order = call_from_wire(request.call)
        if not order.inputs:
            raise ArgumentError("the call names no file")
        bundle = attached_bundle(self._site, principal, request.submission, order.inputs[0])
        live = self._runs.try_draft(principal, order, bundle, at_site="")
        with self._room.seat(request.call.wait_s, CALL_WAIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self._calls.reply(live)
