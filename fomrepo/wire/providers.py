"""What is said to identity providers: small documents of JSON, over HTTPS, from the address that was given.

1. HTTPS alone, with verified certificates; HTTP only to this machine, and only where that was allowed.
2. No redirection is followed: whoever answers is who was asked.
3. An answer has an end in size and in time, and is a JSON object or nothing.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from fomrepo.errors import NetworkError
from fomrepo.model.identities import Provider

#: Largest answer, in bytes: discovery documents and key sets of large providers have 2 to 20 kB.
ANSWER_LIMIT = 256 * 1024
#: Seconds that a provider may take for one answer.
ANSWER_S = 10.0
#: Longest address, in characters.
ADDRESS_LIMIT = 500
#: Hosts that are this machine.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_provider_address(address: str, *, loopback_http: bool) -> bool:
    """Whether a provider may be asked at an address: by HTTPS, or without TLS on this machine where that is allowed."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        parts.port  # noqa: B018 - a wrong one raises
    except ValueError:
        return False
    plain = len(address) <= ADDRESS_LIMIT and address.isascii() and address.isprintable() and " " not in address
    if not plain or not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback_http and host in LOOPBACK)


def discovery_document(provider: Provider) -> dict[str, Any]:
    """Fetch what a provider says of itself (OpenID Connect Discovery, section 4).

    Raises
    ------
    NetworkError
        If it does not answer, or the document is of another issuer.
    """
    address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    found = read_document(provider, address)
    if found.get("issuer") != provider.issuer:
        raise NetworkError(
            f"{address} is the document of {str(found.get('issuer'))[:100]!r}",
            remedy="set the issuer exactly as its own document spells it",
        )
    return found


def endpoint(provider: Provider, document: Mapping[str, Any], name: str) -> str:
    """Address in a provider's document, if it is one that may be used.

    Raises
    ------
    NetworkError
        If there is none, or it is no HTTPS.
    """
    address = document.get(name)
    if not isinstance(address, str) or not is_provider_address(address, loopback_http=provider.loopback_http):
        raise NetworkError(f"{provider.issuer} names no {name} that can be used")
    return address


def read_document(provider: Provider, address: str) -> dict[str, Any]:
    """Read a document of a provider.

    Raises
    ------
    NetworkError
        If it does not answer with one.
    """
    status, found = _asked(provider, address, None)
    if status != 200:
        raise NetworkError(f"{address} answers {status}")
    return found


def send_form(provider: Provider, address: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Send a form to a provider; gives the status and the document of its answer, also where it refuses.

    Raises
    ------
    NetworkError
        If it does not answer with a document.
    """
    return _asked(provider, address, urlencode(form).encode())


def _asked(provider: Provider, address: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
    if not is_provider_address(address, loopback_http=provider.loopback_http):
        raise NetworkError(f"{address[:200]!r} is no HTTPS address", remedy="a provider is asked over HTTPS alone")
    request = urllib.request.Request(  # noqa: S310 - of the schemes that were just checked
        address, body, {"Accept": "application/json", "User-Agent": "fomrepo"}
    )
    local = [urllib.request.ProxyHandler({})] if address.startswith("http:") else []  # loopback needs no proxy
    try:
        with urllib.request.build_opener(_StayHere, *local).open(request, timeout=ANSWER_S) as answer:
            status, content = answer.status, answer.read(ANSWER_LIMIT + 1)
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, content = refusal.code, refusal.read(ANSWER_LIMIT + 1)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise NetworkError(
            f"{address} does not answer: {reason}", remedy="see whether that address can be reached from this machine"
        ) from None
    try:
        found = json.loads(content) if len(content) <= ANSWER_LIMIT else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NetworkError(f"{address} answers {status} without a JSON object of at most {ANSWER_LIMIT // 1024} KiB")
    return status, found


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection."""

    def redirect_request(self, *_: object) -> None:
        """Refuse."""
