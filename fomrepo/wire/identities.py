"""Identity providers, and the identities of accounts, on the wire."""

from __future__ import annotations

from fomrepo.model.identities import LinkedIdentity, Provider
from fomrepo.wire.v1 import identity_pb2


def provider_to_wire(provider: Provider) -> identity_pb2.Provider:
    """Write a provider."""
    return identity_pb2.Provider(
        name=provider.name,
        title=provider.title,
        issuer=provider.issuer,
        client_id=provider.client_id,
        device_client_id=provider.device_client_id,
        scopes=provider.scopes,
        loopback_http=provider.loopback_http,
    )


def provider_from_wire(message: identity_pb2.Provider) -> Provider:
    """Read a provider."""
    return Provider(
        message.name,
        message.title,
        message.issuer,
        message.client_id,
        message.device_client_id,
        message.scopes,
        message.loopback_http,
    )


def identity_to_wire(identity: LinkedIdentity) -> identity_pb2.LinkedIdentity:
    """Write an identity; whose it is knows who asked."""
    return identity_pb2.LinkedIdentity(issuer=identity.issuer, subject=identity.subject, created=identity.created)


def identity_from_wire(message: identity_pb2.LinkedIdentity, user: str) -> LinkedIdentity:
    """Read an identity of somebody."""
    return LinkedIdentity(message.issuer, message.subject, user, message.created)
