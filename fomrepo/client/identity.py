"""Logging in by an identity provider, seen from the client: what a site knows, and what it gives for its word."""

from __future__ import annotations

from dataclasses import dataclass, field

from fomrepo.client.connection import Connection
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import NotFoundError
from fomrepo.model.identities import LinkedIdentity, Provider
from fomrepo.wire.identities import identity_from_wire, provider_from_wire
from fomrepo.wire.v1 import identity_pb2, sites_pb2


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a login gave."""

    #: Login name of the account.
    user: str
    token: str = field(repr=False)
    #: When the token ends, in seconds since 1970.
    expires: float


class Identities:
    """Identity providers, and one's own identities at them: ``repo.identities``.

    Parameters
    ----------
    connection
        Its token may be empty to log in; the rest needs one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def providers(self) -> tuple[Provider, ...]:
        """Providers that the site lets people log in with."""
        reply = self._connection.ask(lambda site: site.identity.ListProviders, identity_pb2.ListProvidersRequest())
        return tuple(map(provider_from_wire, reply.providers))

    @short_tracebacks
    def provider(self, name: str) -> Provider:
        """Provider of a name.

        Raises
        ------
        NotFoundError
            If the site knows none of that name.
        """
        found = {one.name: one for one in self.providers()}
        if name not in found:
            known = ", ".join(found) or "none"
            raise NotFoundError(f"the site knows no provider {name!r}", remedy=f"the providers that it knows: {known}")
        return found[name]

    @short_tracebacks
    def begin(self, provider: Provider) -> str:
        """Begin a login; returns the nonce for the provider to sign."""
        request = identity_pb2.BeginLoginRequest(provider=provider.name)
        return self._connection.ask(lambda site: site.identity.BeginLogin, request).nonce

    @short_tracebacks
    def finish(self, provider: Provider, id_token: str, nonce: str, *, from_device: bool = False) -> LoggedIn:
        """Hand over what a provider signed; returns a token of the account that is linked to the identity."""
        request = _id_token(provider, id_token, nonce, from_device=from_device)
        reply = self._connection.ask(lambda site: site.identity.FinishLogin, request)
        return LoggedIn(reply.principal, reply.token, reply.expires)

    @short_tracebacks
    def end(self) -> bool:
        """Make the connection's token worthless, if it came from a login; returns whether it did."""
        return self._connection.ask(lambda site: site.identity.EndLogin, identity_pb2.EndLoginRequest()).ended

    @short_tracebacks
    def own(self) -> tuple[LinkedIdentity, ...]:
        """Your identities, which you can log in with."""
        return self._listed(
            self._connection.ask(lambda site: site.identity.ListIdentities, identity_pb2.ListIdentitiesRequest())
        )

    @short_tracebacks
    def link(self, provider: Provider, id_token: str, nonce: str, *, from_device: bool = False) -> LinkedIdentity:
        """Link the identity that a provider signed for to your account."""
        request = _id_token(provider, id_token, nonce, from_device=from_device)
        reply = self._connection.ask(lambda site: site.identity.LinkIdentity, request)
        return identity_from_wire(reply, self._me())

    @short_tracebacks
    def unlink(self, issuer: str, subject: str) -> tuple[LinkedIdentity, ...]:
        """Take an identity from your account, with every token that it was given; returns those that are left."""
        request = identity_pb2.LinkedIdentity(issuer=issuer, subject=subject)
        return self._listed(self._connection.ask(lambda site: site.identity.UnlinkIdentity, request))

    def _listed(self, reply: identity_pb2.ListIdentitiesReply) -> tuple[LinkedIdentity, ...]:
        me = self._me() if reply.identities else ""
        return tuple(identity_from_wire(one, me) for one in reply.identities)

    def _me(self) -> str:
        return self._connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest()).principal


def _id_token(provider: Provider, token: str, nonce: str, *, from_device: bool) -> identity_pb2.IdToken:
    return identity_pb2.IdToken(provider=provider.name, token=token, nonce=nonce, from_device=from_device)
