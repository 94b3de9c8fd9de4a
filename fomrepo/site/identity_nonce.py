"""Nonces of logins: any site of the federation draws one, and any other knows it again, without keeping it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

#: Seconds from the beginning of a login to its end: device codes of providers are good for 5 to 30 minutes.
LOGIN_S = 1800.0

_RANDOM = 16
_MAC = 32


def draw_nonce(secret: bytes, issuer: str, now: float) -> str:
    """Draw a nonce for a login with an issuer: when it ends, 128 random bits, and a seal over both."""
    content = int(now + LOGIN_S).to_bytes(8, "big") + secrets.token_bytes(_RANDOM)
    return base64.urlsafe_b64encode(content + _seal(secret, issuer, content)).rstrip(b"=").decode()


def is_our_nonce(secret: bytes, issuer: str, nonce: str, now: float) -> bool:
    """Whether a site drew a nonce for a login with that issuer, not long ago."""
    if len(nonce) > 100 or not nonce.isascii():
        return False
    try:
        whole = base64.b64decode(nonce + "=" * (-len(nonce) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return False
    content, seal = whole[:-_MAC], whole[-_MAC:]
    sealed = len(content) == 8 + _RANDOM and hmac.compare_digest(seal, _seal(secret, issuer, content))
    return sealed and int.from_bytes(content[:8], "big") >= now


def _seal(secret: bytes, issuer: str, content: bytes) -> bytes:
    return hmac.digest(secret, b"nonce of a login\0" + issuer.encode() + b"\0" + content, hashlib.sha256)
