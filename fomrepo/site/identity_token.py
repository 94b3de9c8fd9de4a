"""An ID token: what a provider signed about who somebody is. Every byte of it is hostile until the last step.

1. It is short ASCII text of three parts, signed by one of a few algorithms with public keys: never ``none``, and never
   one with a shared secret, for which a public key could be taken.
2. The key is one of the configured issuer's; what the token says of its issuer, or of where keys lie, leads nowhere.
3. The signature holds.
4. It is of that issuer, for this client alone, and not over.
5. It was made minutes ago, so that what must be remembered to take it once has an end.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from fomrepo.errors import NotAuthenticatedError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.identities import is_subject
from fomrepo.site.identity_keys import ProviderKeys

#: Longest ID token, in characters: with many claims they have some thousands.
TOKEN_LIMIT = 16_000
#: How providers may sign: with private keys alone.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
#: How long ago it may have been made, in seconds: a login takes it at once.
AGE_S = 600.0
#: How far the clocks of a provider and a site may be apart, in seconds.
LEEWAY_S = 60.0

#: Header parameters that nobody knows are left alone (RFC 7515, section 4), unless they are marked critical.
_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a provider said."""

    #: Who somebody is at that provider.
    subject: str
    #: The nonce that it was asked to sign; None if there is none in the token.
    nonce: str | None
    #: Digest of what was signed: the same token, however it is spelt, has the same one.
    digest: str


def verify(token: str, keys: ProviderKeys, *, clients: Collection[str], now: float) -> VerifiedToken:
    """Verify an ID token.

    Parameters
    ----------
    token
        As the provider gave it.
    keys
        Of the provider that it is believed to be of.
    clients
        For whom it may be made.
    now
        Seconds since 1970.

    Raises
    ------
    NotAuthenticatedError
        If it does not hold; the message says in what.
    NetworkError
        If the provider's keys cannot be fetched.
    """
    # 1. Short text, a known algorithm.
    if len(token) > TOKEN_LIMIT or not token.isascii() or token.count(".") != 2:
        raise _refused("it is no signed token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _refused("it is no signed token") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _refused(f"it is signed with {str(algorithm)[:20]!r}, and only public keys are believed")
    # 2. A key of that issuer.
    key = keys.find(kid) if isinstance(kid, str | None) else None
    if key is None or key.get("alg", algorithm) != algorithm:
        raise _refused("its key is none of the provider's")
    # 3. The signature.
    try:
        claims = json.loads(jws.deserialize_compact(token, key, registry=_REGISTRY).payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _refused("its signature does not hold") from None
    # 4. Issuer, audience, end. 5. Age.
    fault = "it holds no claims" if not isinstance(claims, dict) else _fault(claims, keys, clients, now)
    if fault is not None:
        raise _refused(fault)
    signed, _, _ = token.rpartition(".")
    return VerifiedToken(claims["sub"], claims.get("nonce"), sha256_hex(signed.encode()))


def _fault(claims: dict[str, Any], keys: ProviderKeys, clients: Collection[str], now: float) -> str | None:
    audience = claims.get("aud")
    only = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    made, over = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else made
    if claims.get("iss") != keys.provider.issuer:
        return "it is of another issuer"
    if not isinstance(only, str) or only not in clients or claims.get("azp", only) != only:
        return "it is for somebody else"
    if made is None or over is None or begins is None:
        return "it does not say when it was made and when it ends"
    if over + LEEWAY_S <= now or now - made > AGE_S:
        return "it is over"
    if max(made, begins) - LEEWAY_S > now:
        return "it is of the future; compare the clocks of the site and the provider"
    if not isinstance(claims.get("sub"), str) or not is_subject(claims["sub"]):
        return "it does not say who somebody is"
    if not isinstance(claims.get("nonce"), str | None):
        return "its nonce is no text"
    return None


def _moment(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else None
    )


def _refused(why: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(f"the provider's word is not taken: {why}", remedy="log in once more")
