"""Who asks: principals, tokens, projects."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

#: A token reads ``fom_<12 characters that name it>_<43 characters of secret>``: 256 random bits.
_TOKEN = re.compile(r"fom_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or program that may ask."""

    id: str
    #: Unique login name.
    name: str


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: never the token itself."""

    #: The part that names it; shown in lists.
    handle: str
    #: SHA-256 of the whole token.
    sha256: str
    principal: str
    label: str
    #: Seconds since 1970; None means that it does not expire.
    expires: float | None
    #: Seconds since 1970; None means that it is valid.
    revoked: float | None


@dataclass(frozen=True, slots=True)
class Project:
    """People who share records."""

    id: str
    name: str
    members: tuple[str, ...] = ()


def new_token() -> tuple[str, str, str]:
    """Draw a token: its text (to be shown once), its handle, and the digest to keep."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    handle = "".join(secrets.choice(alphabet) for _ in range(12))
    text = f"fom_{handle}_{secrets.token_urlsafe(32)}"
    return text, handle, token_digest(text)


def token_digest(text: str) -> str:
    """Digest under which a token is kept. A plain hash suffices: 256 random bits cannot be guessed."""
    return hashlib.sha256(text.encode()).hexdigest()


def token_handle(text: str) -> str | None:
    """Handle inside a token's text, or None if the text is no token."""
    match = _TOKEN.fullmatch(text)
    return match[1] if match else None
