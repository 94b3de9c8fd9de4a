"""Checks of methods on the wire: both directions side by side."""

from __future__ import annotations

from fomrepo.model.health import MethodHealth
from fomrepo.wire.v1 import checks_pb2 as pb


def health_to_wire(found: MethodHealth) -> pb.MethodHealth:
    """Write a verdict as a message."""
    return pb.MethodHealth(
        method=found.method,
        version=found.version,
        site=found.site,
        environment_digest=found.environment_digest,
        ok=found.ok,
        message=found.message,
        checked=found.checked,
    )


def health_from_wire(message: pb.MethodHealth) -> MethodHealth:
    """Read a verdict."""
    return MethodHealth(
        message.method,
        message.version,
        message.site,
        message.environment_digest,
        message.ok,
        message.message,
        message.checked,
    )
