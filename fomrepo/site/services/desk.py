"""Service ``Desk``: what somebody has under way; nobody hears of anything that is another's."""

from __future__ import annotations

import time

import grpc

from fomrepo.model.people import Principal, token_handle
from fomrepo.site.authenticate import sent_token
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.desk import deposit_to_wire, operation_to_wire, token_to_wire
from fomrepo.wire.v1 import desk_pb2, desk_pb2_grpc

#: Most operations, or deposits, of one answer.
PAGE_LIMIT = 500


class DeskService(desk_pb2_grpc.DeskServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts) -> None:
        self._catalog = site.catalog

    @unary
    def ListOperations(
        self, request: desk_pb2.ListOperationsRequest, context: grpc.ServicerContext
    ) -> desk_pb2.ListOperationsReply:
        principal = caller(self._catalog, context)
        found, after = self._catalog.operations.own(
            principal.id, limit=_limit(request.limit), after=request.after or None
        )
        return desk_pb2.ListOperationsReply(operations=map(operation_to_wire, found), next=after or "")

    @unary
    def ListDeposits(
        self, request: desk_pb2.ListDepositsRequest, context: grpc.ServicerContext
    ) -> desk_pb2.ListDepositsReply:
        principal = caller(self._catalog, context)
        found = self._catalog.deposits.own(principal.id, limit=_limit(request.limit))
        return desk_pb2.ListDepositsReply(deposits=map(deposit_to_wire, found))

    @unary
    def ListTokens(
        self, request: desk_pb2.ListTokensRequest, context: grpc.ServicerContext
    ) -> desk_pb2.ListTokensReply:
        return self._tokens(caller(self._catalog, context), context)

    @unary
    def RevokeToken(
        self, request: desk_pb2.RevokeTokenRequest, context: grpc.ServicerContext
    ) -> desk_pb2.ListTokensReply:
        principal = caller(self._catalog, context)
        self._catalog.people.revoke_own_token(principal, request.handle, time.time())
        return self._tokens(principal, context)

    def _tokens(self, principal: Principal, context: grpc.ServicerContext) -> desk_pb2.ListTokensReply:
        used = token_handle(sent_token(context.invocation_metadata() or ()))
        found = self._catalog.people.tokens(principal.name)
        return desk_pb2.ListTokensReply(tokens=[token_to_wire(one, this=one.handle == used) for one in found])


def _limit(asked: int) -> int:
    return min(max(asked, 1), PAGE_LIMIT)
