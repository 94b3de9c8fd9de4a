"""The public keys of an identity provider: fetched from the issuer that the operator named, and kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from joserfc.errors import JoseError
from joserfc.jwk import Key, RSAKey, import_key

from fomrepo.errors import FomrepoError, NetworkError
from fomrepo.model.identities import Provider
from fomrepo.wire.providers import discovery_document, endpoint, read_document

#: Seconds for which keys are kept: a provider that takes a key back is heeded within an hour.
KEYS_S = 3600.0
#: Seconds before a provider is asked again: after a failure, or for a key that is not among its own.
AGAIN_S = 30.0
#: Keys of one provider that are looked at: large ones have fewer than ten.
KEYS_LIMIT = 50
#: Kinds of keys with a public half (RFC 7518, section 6.1; RFC 8037).
KINDS = frozenset({"RSA", "EC", "OKP"})
#: Shortest RSA key that is believed, in bits: NIST SP 800-131A.
RSA_BITS = 2048


class ProviderKeys:
    """Keys of one provider. Threads may share it.

    Parameters
    ----------
    provider
        Whose.
    clock
        Seconds, monotonic.
    """

    def __init__(self, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        self.provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str | None, Key] = {}
        self._fault: FomrepoError | None = None
        self._fetched = self._tried = float("-inf")

    def find(self, kid: str | None) -> Key | None:
        """Find a key by its id, or the only one if no id is given; None if there is none.

        Raises
        ------
        NetworkError
            If the provider's keys cannot be fetched.
        """
        with self._lock:
            now = self._clock()
            old = now - self._fetched > KEYS_S
            if old or self._of(kid) is None:
                if now - self._tried > AGAIN_S:
                    self._fetch(now)
                if old and self._fault is not None:
                    raise type(self._fault)(self._fault.message, remedy=self._fault.remedy)
            return self._of(kid)

    def _of(self, kid: str | None) -> Key | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _fetch(self, now: float) -> None:
        self._tried = now
        try:
            self._keys = fetch_keys(self.provider)
        except FomrepoError as error:
            self._fault = error
        else:
            self._fault, self._fetched = None, now


def fetch_keys(provider: Provider) -> dict[str | None, Key]:
    """Fetch the keys that a provider signs with now, by their ids.

    Raises
    ------
    NetworkError
        If they cannot be fetched, or none of them can be used.
    """
    address = endpoint(provider, discovery_document(provider), "jwks_uri")
    listed = read_document(provider, address).get("keys")
    found: dict[str | None, Key] = {}
    for one in listed[:KEYS_LIMIT] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in KINDS or one.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # of a curve that is not known here
        if not isinstance(key, RSAKey) or key.raw_value.key_size >= RSA_BITS:
            found[key.kid] = key
    if not found:
        raise NetworkError(f"{address} holds no key that can be used")
    return found


def provider_fault(provider: Provider) -> str | None:
    """Say why nobody can log in with a provider now; None if its documents can be fetched."""
    try:
        fetch_keys(provider)
    except NetworkError as error:
        return error.message
    return None
