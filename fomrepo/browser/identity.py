"""Logging in by an identity provider: authorization code with PKCE, as OpenID Connect Core, section 3.1, and RFC 9700.

1. A login begins on a page of ours. What it is remembered by stays here; the browser gets a cookie that names it.
2. The provider is asked with a state, with the nonce that a site drew, and with the challenge of a verifier.
3. What comes back is for that cookie and that state, from that issuer (RFC 9207), and taken once.
4. The code is exchanged here, with the verifier; the ID token goes to a site, which verifies it itself.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from starlette.requests import Request
from starlette.responses import Response

from fomrepo.browser.sessions import Session
from fomrepo.client.identity import Identities
from fomrepo.errors import ArgumentError, FomrepoError, NetworkError, NotAllowedError, SettingsError
from fomrepo.model.identities import Provider
from fomrepo.wire.providers import ANSWER_S, discovery_document, endpoint

#: Name of the cookie of a login under way. Unlike a session's it must come along when the provider sends people back.
COOKIE = "fomrepo-login"
#: How long a login may take, in seconds: somebody looks for a password, and for a telephone.
LIFE_S = 900.0
#: Logins under way; the oldest gives way.
LOGINS_LIMIT = 10_000
#: How long providers, and what they say of themselves, are believed without asking again, in seconds.
KNOWN_S = 300.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Login:
    """A login under way."""

    provider: Provider
    #: Where to go when it is done: a page of ours.
    onward: str
    #: Of whoever links an identity to their account; None: somebody logs in.
    session: Session | None = field(repr=False)
    nonce: str = field(repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    begun: float = field(default_factory=time.monotonic)


class Logins:
    """All logins under way.

    Parameters
    ----------
    identities
        Of the visitor, through whom sites are asked.
    url
        How people reach the pages.
    client_secrets
        Of the pages, by names of providers; those that gave none are not here.
    """

    def __init__(self, identities: Identities, *, url: str, client_secrets: Mapping[str, str]) -> None:
        self.identities = identities
        self._redirect, self._secure = f"{url}/login/callback", url.startswith("https:")
        self._secrets = client_secrets
        self._lock = threading.Lock()
        self._under_way: dict[str, Login] = {}
        self._providers: tuple[float, tuple[Provider, ...]] = (float("-inf"), ())
        self._documents: dict[str, tuple[float, dict[str, Any]]] = {}

    def providers(self) -> tuple[Provider, ...]:
        """Providers that people can log in with; those known last where no site answers."""
        asked, found = self._providers
        if time.monotonic() - asked > KNOWN_S:
            try:
                found = self.identities.providers()
            except FomrepoError as error:
                _log.warning("identity providers: %s", error.message)
            self._providers = (time.monotonic(), found)
        return found

    def begin(self, name: str, *, onward: str, session: Session | None) -> tuple[str, str]:
        """Begin a login; gives where to send the browser, and the cookie that names the login.

        Raises
        ------
        ArgumentError
            If there is no such provider.
        NetworkError
            If it does not answer.
        """
        provider = next((one for one in self.providers() if one.name == name), None)
        if provider is None:
            raise ArgumentError("nobody logs in with that provider here")
        login = Login(provider, onward, session, self.identities.begin(provider))
        with self._client(provider) as client:
            address, _ = client.create_authorization_url(
                endpoint(provider, self._document(provider), "authorization_endpoint"),
                state=login.state,
                nonce=login.nonce,
                code_verifier=login.verifier,
            )
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._under_way[key] = login
            if len(self._under_way) > LOGINS_LIMIT:
                self._under_way.pop(next(iter(self._under_way)))
        return str(address), key

    def remember(self, response: Response, key: str) -> None:
        """Give the browser the cookie of a login."""
        response.set_cookie(
            COOKIE, key, max_age=int(LIFE_S), path="/login", secure=self._secure, httponly=True, samesite="lax"
        )

    def forget(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(COOKIE, path="/login", secure=self._secure, httponly=True, samesite="lax")

    def take(self, request: Request) -> Login:
        """Login that a provider sends somebody back to; it is taken once.

        Raises
        ------
        NotAllowedError
            If there is none, or what came back is not of it.
        """
        with self._lock:
            login = self._under_way.pop(request.cookies.get(COOKIE, ""), None)
        if login is None or time.monotonic() - login.begun > LIFE_S:
            raise NotAllowedError("no login is under way in this browser", remedy="log in once more")
        told = request.query_params
        if not hmac.compare_digest(told.get("state", "").encode(), login.state.encode()):
            raise NotAllowedError("this answer is of another login", remedy="log in once more")
        says_issuer = self._document(login.provider).get("authorization_response_iss_parameter_supported") is True
        if told.get("iss", "" if says_issuer else login.provider.issuer) != login.provider.issuer:
            raise NotAllowedError("this answer is of another provider", remedy="log in once more")
        return login

    def id_token(self, login: Login, code: str) -> str:
        """Exchange a code for the ID token.

        Raises
        ------
        NotAllowedError
            If the provider refuses.
        NetworkError
            If it does not answer, or gives none.
        """
        provider = login.provider
        address = endpoint(provider, self._document(provider), "token_endpoint")
        try:
            with self._client(provider) as client:
                told = client.fetch_token(address, code=code, code_verifier=login.verifier)
        except OAuthError as error:
            raise NotAllowedError(f"{provider.title} refuses: {error.error}", remedy="log in once more") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise NetworkError(f"{provider.title} does not answer: {error}") from None
        if not isinstance(told.get("id_token"), str):
            raise NetworkError(f"{provider.title} gives no ID token", remedy="its scopes must hold openid")
        return str(told["id_token"])

    def _client(self, provider: Provider) -> OAuth2Client:
        secret = self._secrets.get(provider.name)
        ways = self._document(provider).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        return OAuth2Client(
            client_id=provider.client_id,
            client_secret=secret,
            token_endpoint_auth_method=way if secret else "none",
            scope=provider.scopes,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            timeout=ANSWER_S,
            follow_redirects=False,
        )

    def _document(self, provider: Provider) -> dict[str, Any]:
        fetched, found = self._documents.get(provider.name, (float("-inf"), {}))
        if time.monotonic() - fetched > KNOWN_S:
            found = discovery_document(provider)
            self._documents[provider.name] = (time.monotonic(), found)
        return found


def read_client_secrets(path: Path) -> dict[str, str]:
    """Read the secrets of these pages at identity providers, by the providers' names.

    Raises
    ------
    SettingsError
        If the file is not well formed, or others than its owner may read it.
    """
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} holds secrets and others can read it", remedy=f"chmod 600 {quote(str(path))}")
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", remedy='write NAME = "SECRET" on each line') from None
    if not all(isinstance(one, str) for one in found.values()):
        raise SettingsError(f"{path} holds something else than texts", remedy='write NAME = "SECRET" on each line')
    return found


def logins_of(request: Request) -> Logins:
    """Logins under way."""
    found: Logins = request.app.state.logins
    return found
