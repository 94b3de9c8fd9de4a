"""Keys and verdicts, seen from the client: private halves stay in their files."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fomrepo.client.connection import Connection
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import InternalError
from fomrepo.model.keys import LABEL_LIMIT, KeyEntry, TaintedOperation
from fomrepo.model.statements import KeyStatement, MethodState, VerdictStatement
from fomrepo.wire.trust import key_from_wire, tainted_from_wire, verdict_to_wire
from fomrepo.wire.v1 import sites_pb2, trust_pb2

if TYPE_CHECKING:
    from fomrepo.client.keys import Signer
    from fomrepo.client.registry import PublishedMethod


@dataclass(frozen=True, slots=True)
class KeyList:
    """Keys that count, or may, and what a federation asks for."""

    keys: tuple[KeyEntry, ...]
    #: Approvals that a method needs, by different reviewers who did not write it.
    approvals: int
    #: Whether one of them must be of another institution than the author.
    other_institution: bool


class Trust:
    """Keys of reviewers, and what they say against published methods: ``repo.trust``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def publish_key(self, key: Signer, *, label: str = "", replaces: Signer | None = None) -> KeyEntry:
        """Publish your key; the holders of the federation's root decide whether it counts.

        Parameters
        ----------
        key
            See :func:`fomrepo.client.keys.open_key`.
        label
            What tells it from your others; the name of this machine if empty.
        replaces
            Key whose place it takes, once it is accepted.
        """
        name = self._connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest()).principal
        claim = KeyStatement(name, key.file.public.hex(), "" if replaces is None else replaces.file.id)
        request = trust_pb2.PublishKeyRequest(
            public=key.file.public,
            label=label or platform.node()[:LABEL_LIMIT],
            replaces=claim.replaces,
            signature=key.claim(claim),
            signature_of_old=b"" if replaces is None else replaces.claim(claim),
        )
        return _key(self._connection.ask(lambda site: site.trust.PublishKey, request))

    @short_tracebacks
    def keys(self) -> KeyList:
        """List your own keys and those of all reviewers."""
        reply = self._connection.ask(lambda site: site.trust.ListKeys, trust_pb2.ListKeysRequest())
        return KeyList(tuple(map(_key, reply.keys)), reply.approvals_needed, reply.other_institution_needed)

    @short_tracebacks
    def revoke_key(self, key_id: str) -> tuple[KeyEntry, tuple[str, ...]]:
        """Revoke a key of yours at all sites at once; returns it, and the methods that stop by that."""
        reply = self._connection.ask(lambda site: site.trust.RevokeKey, trust_pb2.RevokeKeyRequest(id=key_id))
        return _key(reply.key), tuple(reply.lost)

    @short_tracebacks
    def judge(self, method: PublishedMethod, state: MethodState, reason: str, key: Signer) -> MethodState:
        """Deprecate or revoke a method, as a reviewer; returns its state now.

        Revoked, it runs nowhere any more within seconds, what it computed is given to nobody, and that is for good.
        """
        name = self._connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest()).principal
        statement = VerdictStatement(
            name=method.schema.name,
            version=method.schema.version,
            bundle_digest=method.digest,
            state=state.value,
            reason=reason,
            reviewer=name,
            signed=int(time.time()),
        )
        reply = self._connection.ask(lambda site: site.trust.Judge, verdict_to_wire(key.judge(statement)))
        return MethodState(reply.state)

    @short_tracebacks
    def tainted(self, method: str = "") -> list[TaintedOperation]:
        """List your own operations whose answers came from methods that were revoked since, newest first."""
        request = trust_pb2.ListTaintedRequest(method=method)
        reply = self._connection.ask(lambda site: site.trust.ListTainted, request)
        return [tainted_from_wire(one) for one in reply.operations]


def _key(message: trust_pb2.KeyEntry) -> KeyEntry:
    try:
        return key_from_wire(message)
    except ValueError as error:
        raise InternalError(
            f"a site describes a key in a way that this program does not understand: {error}",
            remedy="upgrade this program, or tell the site's operator",
        ) from None
