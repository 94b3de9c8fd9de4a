"""Service ``Methods``: the schemas of what can be called."""

from __future__ import annotations

import grpc

from fomrepo.errors import NotFoundError
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.methods import bundle_to_wire, schema_to_wire
from fomrepo.wire.v1 import methods_pb2, methods_pb2_grpc


class MethodsService(methods_pb2_grpc.MethodsServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site

    @unary
    def ListMethods(
        self, request: methods_pb2.ListMethodsRequest, context: grpc.ServicerContext
    ) -> methods_pb2.ListMethodsReply:
        caller(self._site.catalog, context)
        snapshot = self._site.registry.snapshot()
        reply = methods_pb2.ListMethodsReply(snapshot=snapshot.number)
        if request.known_snapshot != snapshot.number:
            for key, bundle in snapshot.methods.items():
                reply.methods.add(
                    digest=bundle.digest,
                    schema_json=schema_to_wire(bundle.schema),
                    state=snapshot.known[key].state.value,
                    reason=snapshot.known[key].reason,
                )
            for known in snapshot.revoked.values():
                schema = known.verified.bundle.schema
                reply.revoked.add(name=schema.name, version=schema.version, reason=known.reason)
        return reply

    @unary
    def ReadMethod(
        self, request: methods_pb2.ReadMethodRequest, context: grpc.ServicerContext
    ) -> methods_pb2.ReadMethodReply:
        caller(self._site.catalog, context)
        snapshot, key = self._site.registry.snapshot(), (request.name, request.version)
        if key not in snapshot.methods:
            raise NotFoundError(f"there is no method {request.name[:64]!r} {request.version[:32]!r}")
        known = snapshot.known[key]
        reply = methods_pb2.ReadMethodReply(
            bundle=bundle_to_wire(known.verified.bundle.files), author=known.verified.author
        )
        for one in known.signed.approvals:
            if one.statement.reviewer in known.verified.reviewers:  # approvals that did not hold name nobody
                reply.signers.add(reviewer=one.statement.reviewer, key_id=one.key_id, signed=one.statement.signed)
        return reply
