"""Service ``Trust``: keys of reviewers, what they say against published methods, and whom that touches."""

from __future__ import annotations

import grpc

from fomrepo.site.key_desk import KeyDesk
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.trust import key_to_wire, tainted_to_wire, verdict_from_wire
from fomrepo.wire.v1 import trust_pb2, trust_pb2_grpc


class TrustService(trust_pb2_grpc.TrustServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts) -> None:
        self._site, self._desk = site, KeyDesk(site)

    @unary
    def PublishKey(self, request: trust_pb2.PublishKeyRequest, context: grpc.ServicerContext) -> trust_pb2.KeyEntry:
        return key_to_wire(
            self._desk.publish(
                caller(self._site.catalog, context),
                request.public,
                label=request.label,
                replaces=request.replaces,
                signature=request.signature,
                of_old=request.signature_of_old,
            )
        )

    @unary
    def ListKeys(self, request: trust_pb2.ListKeysRequest, context: grpc.ServicerContext) -> trust_pb2.ListKeysReply:
        listed = self._desk.listed(caller(self._site.catalog, context))
        policy = self._site.registry.snapshot().root.policy
        return trust_pb2.ListKeysReply(
            keys=map(key_to_wire, listed),
            approvals_needed=policy.approvals,
            other_institution_needed=policy.other_institution,
        )

    @unary
    def RevokeKey(self, request: trust_pb2.RevokeKeyRequest, context: grpc.ServicerContext) -> trust_pb2.RevokeKeyReply:
        key, lost = self._desk.revoke(caller(self._site.catalog, context), request.id)
        return trust_pb2.RevokeKeyReply(key=key_to_wire(key), lost=lost)

    @unary
    def Judge(self, request: trust_pb2.JudgeRequest, context: grpc.ServicerContext) -> trust_pb2.JudgeReply:
        principal = caller(self._site.catalog, context)
        return trust_pb2.JudgeReply(state=self._desk.judge(principal, verdict_from_wire(request)).value)

    @unary
    def ListTainted(
        self, request: trust_pb2.ListTaintedRequest, context: grpc.ServicerContext
    ) -> trust_pb2.ListTaintedReply:
        found = self._desk.tainted(caller(self._site.catalog, context), request.method)
        return trust_pb2.ListTaintedReply(operations=map(tainted_to_wire, found))
