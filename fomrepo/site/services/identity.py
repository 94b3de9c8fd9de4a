"""Service ``Identity``: logging in by an identity provider, and one's own identities."""

from __future__ import annotations

import grpc

from fomrepo.model.people import token_handle
from fomrepo.site.authenticate import sent_token
from fomrepo.site.identity import IdentityDesk
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.wire.identities import identity_to_wire, provider_to_wire
from fomrepo.wire.v1 import identity_pb2, identity_pb2_grpc


class IdentityService(identity_pb2_grpc.IdentityServicer):
    """Answers clients. The first three requests ask for no token: what they give is public, or is one."""

    def __init__(self, site: SiteParts) -> None:
        self._site, self._desk = site, IdentityDesk(site)

    @unary
    def ListProviders(
        self, request: identity_pb2.ListProvidersRequest, context: grpc.ServicerContext
    ) -> identity_pb2.ListProvidersReply:
        return identity_pb2.ListProvidersReply(providers=map(provider_to_wire, self._desk.providers))

    @unary
    def BeginLogin(
        self, request: identity_pb2.BeginLoginRequest, context: grpc.ServicerContext
    ) -> identity_pb2.BeginLoginReply:
        return identity_pb2.BeginLoginReply(nonce=self._desk.begin(request.provider))

    @unary
    def FinishLogin(
        self, request: identity_pb2.IdToken, context: grpc.ServicerContext
    ) -> identity_pb2.FinishLoginReply:
        principal, token, expires = self._desk.finish(
            request.provider, request.token, request.nonce, from_device=request.from_device
        )
        return identity_pb2.FinishLoginReply(principal=principal.name, token=token, expires=expires)

    @unary
    def EndLogin(
        self, request: identity_pb2.EndLoginRequest, context: grpc.ServicerContext
    ) -> identity_pb2.EndLoginReply:
        caller(self._site.catalog, context)
        handle = token_handle(sent_token(context.invocation_metadata() or ())) or ""
        return identity_pb2.EndLoginReply(ended=self._site.catalog.identities.log_out(handle))

    @unary
    def ListIdentities(
        self, request: identity_pb2.ListIdentitiesRequest, context: grpc.ServicerContext
    ) -> identity_pb2.ListIdentitiesReply:
        return self._identities(caller(self._site.catalog, context).name)

    @unary
    def LinkIdentity(self, request: identity_pb2.IdToken, context: grpc.ServicerContext) -> identity_pb2.LinkedIdentity:
        principal = caller(self._site.catalog, context)
        return identity_to_wire(
            self._desk.link(principal, request.provider, request.token, request.nonce, from_device=request.from_device)
        )

    @unary
    def UnlinkIdentity(
        self, request: identity_pb2.LinkedIdentity, context: grpc.ServicerContext
    ) -> identity_pb2.ListIdentitiesReply:
        principal = caller(self._site.catalog, context)
        self._site.catalog.identities.unlink(request.issuer, request.subject, principal.id)
        return self._identities(principal.name)

    def _identities(self, user: str) -> identity_pb2.ListIdentitiesReply:
        found = self._site.catalog.identities.linked(user)
        return identity_pb2.ListIdentitiesReply(identities=map(identity_to_wire, found))
