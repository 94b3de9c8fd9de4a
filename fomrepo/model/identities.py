"""Who somebody is elsewhere: identity providers, and the identities that accounts are linked to."""

from __future__ import annotations

from dataclasses import dataclass

#: Longest subject, in characters: OpenID Connect Core, section 2.
SUBJECT_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider that a site trusts to say who somebody is."""

    #: Unique at the site.
    name: str
    #: For people.
    title: str
    #: Its address, which its documents and tokens repeat to the letter.
    issuer: str
    #: What it knows the pages as.
    client_id: str
    #: What it knows programs on people's machines as; empty: they cannot log in with it.
    device_client_id: str = ""
    #: What is asked for, separated by spaces.
    scopes: str = "openid"
    #: Whether it may be asked without TLS, on this machine alone.
    loopback_http: bool = False


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An identity that logs in to an account."""

    issuer: str
    #: What the issuer calls that person, for ever.
    subject: str
    #: Login name of the account.
    user: str
    #: Seconds since 1970.
    created: float


def is_subject(text: str) -> bool:
    """Whether a provider may call somebody so."""
    return 1 <= len(text) <= SUBJECT_LIMIT and text.isascii() and text.isprintable()
