"""Tickets: a home site's signed word for who asks what, good for one site, once, for a minute."""

from __future__ import annotations

import secrets
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fomrepo.errors import IdentityError
from fomrepo.model.canonical import sha256_hex
from fomrepo.site.certificates import site_named_by
from fomrepo.wire.v1 import sites_pb2 as pb

#: How long a ticket is good, in seconds: enough for a slow link and clocks that differ a little.
TICKET_LIFETIME_S = 60.0


class TicketPrinter:
    """Signs tickets with the site's own key."""

    def __init__(self, site: str, key_pem: bytes) -> None:
        key = serialization.load_pem_private_key(key_pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the site's key is no ECDSA key")
        self._site, self._key = site, key

    def sign(self, *, serving: str, principal: str, operation: str, request: bytes) -> pb.Ticket:
        """Make a ticket for one request to one site."""
        ticket = pb.Ticket(
            home=self._site,
            serving=serving,
            principal=principal,
            operation=operation,
            request_digest=sha256_hex(request),
            expires=time.time() + TICKET_LIFETIME_S,
            nonce=secrets.token_hex(16),
        )
        ticket.signature = self._key.sign(_signed_bytes(ticket), ec.ECDSA(hashes.SHA256()))
        return ticket


class TicketCheck:
    """Accepts tickets of other sites, each once."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def accept(self, ticket: pb.Ticket, *, request: bytes, certificate: bytes) -> None:
        """Accept a ticket or raise.

        1. It names the site that the connection's certificate names. 2. It names this site as the serving one.
        3. It was signed with the key of that certificate. 4. It belongs to this request. 5. It has not expired, nor
        does it live longer than tickets do. 6. It was not seen before.

        Parameters
        ----------
        ticket
            As it came.
        request
            The request that it came with, as bytes.
        certificate
            PEM of the peer, verified by TLS against the federation's authority.

        Raises
        ------
        IdentityError
            Naming the step that failed.
        """
        if site_named_by(certificate) != ticket.home:
            raise IdentityError(f"a peer sent a ticket of {ticket.home!r}, which is not its own name")
        if ticket.serving != self._site:
            raise IdentityError(f"a ticket for {ticket.serving!r} was sent to {self._site}")
        key = x509.load_pem_x509_certificate(certificate).public_key()
        try:
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise InvalidSignature
            key.verify(ticket.signature, _signed_bytes(ticket), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise IdentityError(f"a ticket of {ticket.home} has no valid signature") from None
        if ticket.request_digest != sha256_hex(request):
            raise IdentityError(f"a ticket of {ticket.home} belongs to another request")
        now = time.time()
        if not now < ticket.expires <= now + 2 * TICKET_LIFETIME_S:
            raise IdentityError(
                f"a ticket of {ticket.home} has expired", remedy="see whether the clocks of both sites agree"
            )
        with self._lock:
            self._seen = {nonce: expires for nonce, expires in self._seen.items() if expires > now}
            if ticket.nonce in self._seen:
                raise IdentityError(f"a ticket of {ticket.home} was sent a second time")
            self._seen[ticket.nonce] = ticket.expires


def _signed_bytes(ticket: pb.Ticket) -> bytes:
    unsigned = pb.Ticket()
    unsigned.CopyFrom(ticket)
    unsigned.ClearField("signature")
    return unsigned.SerializeToString(deterministic=True)
