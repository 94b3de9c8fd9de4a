"""Logging in where no browser is at hand: the device authorization grant (RFC 8628).

The program shows an address and a code; somebody opens the address anywhere, logs in there and enters the code; the
program asks the provider now and then whether that has happened.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fomrepo.errors import NetworkError, NotAuthenticatedError
from fomrepo.model.identities import Provider
from fomrepo.wire.providers import discovery_document, endpoint, send_form

#: RFC 8628, section 3.4.
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
#: Seconds between two questions where the provider says nothing (section 3.2), and by how much "slow down" lengthens
#: them (section 3.5).
INTERVAL_S, SLOWER_S = 5.0, 5.0
#: Bounds of what providers say of it, in seconds.
SHORTEST_S, LONGEST_S = 1.0, 60.0
#: Longest that anybody is waited for, in seconds: as long as the nonce of a login is good.
PATIENCE_S = 1800.0
#: Longest code that is shown, in characters: people type it.
CODE_LIMIT = 40


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What somebody is asked to do."""

    #: Where to go.
    address: str
    #: What to enter there.
    user_code: str
    #: The same address with the code in it; empty if the provider has none.
    complete_address: str
    #: What the provider is asked with.
    code: str = field(repr=False)
    token_endpoint: str
    #: Seconds between two questions.
    interval_s: float
    #: Seconds for which the code is good.
    expires_s: float


def ask_for_code(provider: Provider) -> DeviceCode:
    """Ask a provider for a code.

    Raises
    ------
    NetworkError
        If it gives none.
    NotAuthenticatedError
        If programs cannot log in with it.
    """
    if not provider.device_client_id:
        raise NotAuthenticatedError(
            f"{provider.title} logs nobody in on the command line",
            remedy="log in with a token, or in the web pages",
        )
    document = discovery_document(provider)
    address = endpoint(provider, document, "device_authorization_endpoint")
    form = {"client_id": provider.device_client_id, "scope": provider.scopes}
    status, told = send_form(provider, address, form)
    code, user_code = told.get("device_code"), told.get("user_code")
    if status != 200 or not isinstance(code, str) or not isinstance(user_code, str):
        raise NetworkError(f"{provider.title} gives no code: {_words(told) or status}")
    if len(user_code) > CODE_LIMIT or not user_code.isprintable():
        raise NetworkError(f"{provider.title} gives a code that nobody can type")
    complete = endpoint(provider, told, "verification_uri_complete") if told.get("verification_uri_complete") else ""
    return DeviceCode(
        endpoint(provider, told, "verification_uri"),
        user_code,
        complete,
        code,
        endpoint(provider, document, "token_endpoint"),
        min(max(_seconds(told, "interval", INTERVAL_S), SHORTEST_S), LONGEST_S),
        min(max(_seconds(told, "expires_in", PATIENCE_S), SHORTEST_S), PATIENCE_S),
    )


def wait_for_id_token(
    provider: Provider,
    code: DeviceCode,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Wait until somebody has entered the code, and return the ID token.

    Raises
    ------
    NotAuthenticatedError
        If they refused, or the code's time is over.
    NetworkError
        If the provider answers something else.
    """
    form = {"grant_type": GRANT, "device_code": code.code, "client_id": provider.device_client_id}
    interval_s, until = code.interval_s, clock() + code.expires_s
    while clock() < until:
        sleep(interval_s)
        try:
            status, told = send_form(provider, code.token_endpoint, form)
        except NetworkError:  # section 3.5: who gets no answer asks less often
            if clock() >= until:
                raise
            interval_s = min(interval_s * 2, LONGEST_S)
            continue
        match told.get("error"):
            case None if status == 200 and isinstance(told.get("id_token"), str):
                return str(told["id_token"])
            case "authorization_pending":
                continue
            case "slow_down":
                interval_s += SLOWER_S
            case "access_denied":
                raise NotAuthenticatedError(f"{provider.title} says that it was refused", remedy="log in once more")
            case "expired_token":
                break
            case _:
                raise NetworkError(f"{provider.title} gives no ID token: {_words(told) or status}")
    raise NotAuthenticatedError("nobody entered the code in time", remedy="log in once more")


def _seconds(told: dict[str, Any], name: str, otherwise: float) -> float:
    value = told.get(name, otherwise)
    return float(value) if isinstance(value, int | float) else otherwise


def _words(told: dict[str, Any]) -> str:
    """What a provider says of a failure, as a line that a terminal may show."""
    said = f"{told.get('error', '')} {told.get('error_description', '')}".strip()
    return "".join(character if character.isprintable() else " " for character in said[:200])
