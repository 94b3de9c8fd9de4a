"""Who asks: the bearer token of a request, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable

from fomrepo.catalog import Catalog
from fomrepo.errors import NotAuthenticatedError
from fomrepo.model.people import Principal, token_digest, token_handle

#: Longest token that is looked at.
TOKEN_LIMIT = 200

_REMEDY = (
    "ask the operator of the site for a token (fomrepo token new YOU --home HOME), "
    "then: fomrepo login HOST:PORT --ca FILE"
)


def authenticate(catalog: Catalog, metadata: Iterable[tuple[str, str | bytes]]) -> Principal:
    """Principal whose token came with a request.

    Raises
    ------
    NotAuthenticatedError
        If there is none, or it is unknown, expired or revoked; which of them is not said.
    """
    token = sent_token(metadata)
    if not token:
        raise NotAuthenticatedError("the request carries no token", remedy=_REMEDY)
    handle = token_handle(token)
    principal = catalog.people.authenticate(handle, token_digest(token), time.time()) if handle else None
    if principal is None:
        raise NotAuthenticatedError("the token is unknown, expired or revoked", remedy=_REMEDY)
    return principal


def sent_token(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Give the token that came with a request, whoever knows it; empty if none did."""
    sent = next((str(value) for key, value in metadata if key == "authorization"), "")
    return sent.removeprefix("Bearer ")[:TOKEN_LIMIT]
