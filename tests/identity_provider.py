"""An identity provider of the tests' own: glewlwyd, an OpenID provider of Debian's, on loopback with its own database.

Its signing key is the tests': what it would never sign, they sign with the same key.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import RSAKey

from fomrepo.testing.ports import own_address

#: What the provider knows the pages and programs as.
PAGES, DEVICES = "pages", "devices"
#: Password of everybody there.
PASSWORD = "correct horse battery staple"
#: Seconds that it may take to start.
START_S = 60.0

_CONFIG = """
port={port}
bind_address="{host}"
external_url="http://{host}:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="{programs}/share/glewlwyd/webapp/"
log_mode="console"
log_level="WARNING"
cookie_domain="{host}"
cookie_secure=0
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{programs}/lib/glewlwyd/user"
client_module_path="{programs}/lib/glewlwyd/client"
user_auth_scheme_module_path="{programs}/lib/glewlwyd/scheme"
plugin_module_path="{programs}/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database={{ type="sqlite3" path="{database}" }};
"""


@dataclass
class IdentityProvider:
    """A running provider."""

    #: Where it answers.
    address: str
    #: Where the pages are that it sends people back to.
    pages: str
    #: What it signs with.
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    #: Cookies of those who are logged in there.
    _cookies: dict[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"{self.address}/api/oidc"

    def add_user(self, name: str) -> str:
        """Add somebody, and return the subject that tokens name them by."""
        self.ask("admin", "POST", "/user/", {
            "username": name, "password": PASSWORD, "enabled": True, "scope": ["openid", "g_profile"],
        })  # fmt: skip
        for client in (PAGES, DEVICES):
            self.ask(name, "PUT", f"/auth/grant/{client}", {"scope": "openid"})
        return self.claims(self.id_token(name))["sub"]

    def follow(self, user: str, address: str) -> str:
        """Open a page of the provider's as somebody who is logged in there; gives where it sends the browser."""
        assert address.startswith(self.issuer), address
        return self._sent(user, f"{address}&g_continue")

    def id_token(self, user: str, **more: str) -> str:
        """Have an ID token made for the pages, outside any login of ours, as another program with their name would."""
        wanted = {"response_type": "id_token", "client_id": PAGES, "redirect_uri": f"{self.pages}/login/callback"}
        parts = {"scope": "openid", "nonce": "n", "state": "s"} | wanted | more
        query = "&".join(f"{name}={value}" for name, value in parts.items())
        return parse_qs(urlsplit(self.follow(user, f"{self.issuer}/auth?{query}")).fragment)["id_token"][0]

    def enter_code(self, user: str, code: str) -> None:
        """Enter the code that a program shows."""
        self._sent(user, f"{self.issuer}/device?code={code}&g_continue")

    @staticmethod
    def claims(token: str) -> dict[str, Any]:
        """What a token says."""
        return json.loads(jws.extract_compact(token.encode()).payload)

    def sign(self, claims: Mapping[str, Any], key: Any = None, **header: Any) -> str:
        """Sign claims as the provider does, or not quite."""
        kid = self.ask("admin", "GET", "/oidc/jwks")["keys"][0]["kid"]
        head = {"alg": "RS256", "kid": kid, "typ": "JWT"} | header
        return jws.serialize_compact(head, json.dumps(claims).encode(), key or self.key, algorithms=[head["alg"]])

    def set_up(self) -> None:
        """Tell it its key and its clients."""
        self.ask("admin", "POST", "/mod/plugin/", {
            "module": "oidc", "name": "oidc", "display_name": "tests", "parameters": {
                "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256",
                "key": self.key.as_pem(private=True).decode(), "cert": self.key.as_pem(private=False).decode(),
                "access-token-duration": 600, "refresh-token-duration": 600, "code-duration": 600,
                "allow-non-oidc": False, "auth-type-code-enabled": True, "auth-type-id-token-enabled": True,
                "auth-type-token-enabled": False, "auth-type-password-enabled": False,
                "auth-type-client-enabled": False, "auth-type-refresh-enabled": False,
                "auth-type-device-enabled": True, "device-authorization-expiration": 600,
                "device-authorization-interval": 1, "jwks-show": True, "subject-type": "public",
                "pkce-allowed": True, "pkce-required": True, "pkce-method-plain-allowed": False,
            },
        })  # fmt: skip
        for name, ways in ((PAGES, ["code", "id_token"]), (DEVICES, ["device_authorization"])):
            self.ask("admin", "POST", "/client/", {
                "client_id": name, "enabled": True, "confidential": False, "authorization_type": ways,
                "redirect_uri": [f"{self.pages}/login/callback"], "scope": [],
            })  # fmt: skip

    def ask(self, user: str, method: str, path: str, document: Any = None) -> Any:
        """Ask its own interface as somebody."""
        body = None if document is None else json.dumps(document).encode()
        status, _, answer = self._request(method, f"{self.address}/api{path}", body, self._cookie(user))
        assert status == 200, (status, answer)
        return json.loads(answer) if answer else None

    def _sent(self, user: str, address: str) -> str:
        status, headers, answer = self._request("GET", address, None, self._cookie(user))
        assert status == 302, (status, answer)
        return headers["Location"]

    def _cookie(self, user: str) -> str:
        if user not in self._cookies:
            password = "password" if user == "admin" else PASSWORD
            body = json.dumps({"username": user, "password": password}).encode()
            status, headers, _ = self._request("POST", f"{self.address}/api/auth/", body, "")
            assert status == 200, status
            self._cookies[user] = headers["Set-Cookie"].partition(";")[0]
        return self._cookies[user]

    @staticmethod
    def _request(method: str, address: str, body: bytes | None, cookie: str) -> tuple[int, Mapping[str, str], str]:
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        request = urllib.request.Request(address, body, headers, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay).open(request, timeout=30) as one:
                return one.status, one.headers, one.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers, refusal.read().decode()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


@contextmanager
def running_provider(programs: Path, folder: Path, pages: str) -> Iterator[IdentityProvider]:
    """Start a provider for pages; ``programs`` is the folder with its ``bin``, ``lib`` and ``share``."""
    host, _, port = own_address().rpartition(":")
    database = folder / "provider.db"
    schema = programs / "share/doc/glewlwyd/database/init.sqlite3.sql.gz"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(gzip.decompress(schema.read_bytes()).decode())
    config = folder / "provider.conf"
    config.write_text(_CONFIG.format(host=host, port=port, programs=programs, database=database))
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen([programs / "bin/glewlwyd", f"--config-file={config}"], stdout=log, stderr=log)
    try:
        provider = IdentityProvider(f"http://{host}:{port}", pages)
        until = time.monotonic() + START_S
        while True:
            try:
                provider.set_up()
                break
            except urllib.error.URLError:
                if process.poll() is not None or time.monotonic() > until:
                    raise AssertionError((folder / "provider.log").read_text()) from None
                time.sleep(0.05)
        yield provider
    finally:
        process.terminate()
        process.wait(30)
