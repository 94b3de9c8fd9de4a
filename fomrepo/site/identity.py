"""Logging in by an identity provider: an ID token comes in, a token of ours goes out.

1. The provider is one that the operator named; the ID token leads to no other.
2. The ID token is verified here, whoever brings it (``identity_token``).
3. It answers to a nonce that a site of this federation drew. Programs on people's machines log in by the device grant
   (RFC 8628), which has no nonce: only where the operator named a client for them, and for that client's tokens.
4. It is taken once in the whole federation.
5. Its identity is linked to an account; nobody gets one by logging in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from fomrepo.errors import NotAuthenticatedError, NotFoundError, SiteBusyError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.identities import LinkedIdentity, Provider
from fomrepo.model.people import Principal, new_token
from fomrepo.site.identity_keys import ProviderKeys
from fomrepo.site.identity_nonce import draw_nonce, is_our_nonce
from fomrepo.site.identity_settings import ProviderSettings
from fomrepo.site.identity_token import verify
from fomrepo.site.parts import SiteParts

#: ID tokens that are verified at the same time: a provider that is slow holds no more threads than that.
VERIFIED_AT_ONCE = 4
#: Seconds after which who found all of them taken may come back.
COME_BACK_S = 1.0


class IdentityDesk:
    """Logs people in."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._keys = {one.name: ProviderKeys(one.provider) for one in site.settings.providers}
        self._seats = threading.BoundedSemaphore(VERIFIED_AT_ONCE)

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Providers that people can log in with."""
        return tuple(one.provider for one in self._site.settings.providers)

    def begin(self, provider: str) -> str:
        """Draw the nonce of a login."""
        return draw_nonce(self._site.secret, self._settings(provider).issuer, time.time())

    def finish(self, provider: str, id_token: str, nonce: str, *, from_device: bool) -> tuple[Principal, str, float]:
        """Give a token for what a provider signed; returns whose it is, its text, and when it ends.

        Raises
        ------
        NotAuthenticatedError
            If the ID token does not hold, or was used.
        NotFoundError
            If its identity is linked to no account.
        NetworkError
            If the provider's keys cannot be fetched.
        """
        settings = self._settings(provider)
        subject, proof = self._proved(settings, id_token, nonce, from_device=from_device)
        text, handle, digest = new_token()
        expires = time.time() + settings.token_hours * 3600
        label = f"{urlsplit(settings.issuer).hostname}, {'command line' if from_device else 'browser'}"
        principal = self._site.catalog.identities.log_in(
            settings.issuer, subject, proof, label=label, handle=handle, sha256=digest, expires=expires
        )
        return principal, text, expires

    def link(
        self, principal: Principal, provider: str, id_token: str, nonce: str, *, from_device: bool
    ) -> LinkedIdentity:
        """Link the identity that a provider signed for to the account of whoever asks."""
        settings = self._settings(provider)
        subject, proof = self._proved(settings, id_token, nonce, from_device=from_device)
        self._site.catalog.identities.link_own(principal.id, settings.issuer, subject, proof)
        return next(
            one
            for one in self._site.catalog.identities.linked(principal.name)
            if (one.issuer, one.subject) == (settings.issuer, subject)
        )

    def _proved(self, settings: ProviderSettings, id_token: str, nonce: str, *, from_device: bool) -> tuple[str, str]:
        """Subject of an ID token that holds, and what names the proof, which is good once."""
        now = time.time()
        if not is_our_nonce(self._site.secret, settings.issuer, nonce, now):
            raise NotAuthenticatedError("this login was not begun here, or long ago", remedy="log in once more")
        client = settings.device_client_id if from_device else settings.client_id
        if not client:
            raise NotAuthenticatedError(
                f"{settings.provider.title} logs nobody in on the command line",
                remedy="log in with a token: fomrepo login HOST:PORT",
            )
        with self._seat():
            found = verify(id_token, self._keys[settings.name], clients=(client,), now=now)
        if found.nonce != nonce and not (from_device and found.nonce is None):
            raise NotAuthenticatedError("the provider's word is of another login", remedy="log in once more")
        named = f"nonce {found.nonce}" if found.nonce is not None else f"signed {found.digest}"
        return found.subject, sha256_hex(f"{settings.issuer} {named}".encode())

    def _settings(self, name: str) -> ProviderSettings:
        for one in self._site.settings.providers:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self._site.settings.providers) or "none"
        raise NotFoundError(
            f"{self._site.name} knows no provider {name[:40]!r}",
            remedy=f"the providers that it knows: {known}; a token will do as well: fomrepo login HOST:PORT",
        )

    @contextmanager
    def _seat(self) -> Iterator[None]:
        if not self._seats.acquire(timeout=COME_BACK_S):
            raise SiteBusyError(
                "too many people are logging in",
                remedy="log in once more in a moment",
                facts={"retry_after_s": str(COME_BACK_S)},
            )
        try:
            yield
        finally:
            self._seats.release()
