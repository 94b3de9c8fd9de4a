"""The border between gRPC and the site: who asks, what went wrong, and how many may wait."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import Message

from fomrepo.catalog import Catalog
from fomrepo.errors import ArgumentError, FomrepoError, IdentityError
from fomrepo.model.people import Principal
from fomrepo.site.authenticate import authenticate
from fomrepo.site.certificates import site_named_by
from fomrepo.site.log import log_unexpected
from fomrepo.wire.failures import FAILURE_METADATA, failure_to_wire, status_of

Handler = TypeVar("Handler", bound=Callable[..., Any])


def unary(handler: Handler) -> Handler:
    """Let a handler of one reply raise our errors."""

    @functools.wraps(handler)
    def answer(self: object, request: object, context: grpc.ServicerContext) -> object:
        try:
            check_texts(request)
            return handler(self, request, context)
        except FomrepoError as error:
            _abort(context, error)
        except Exception as error:
            if not context.is_active():
                raise
            _abort(context, log_unexpected(error))

    return answer  # type: ignore[return-value]  # the wrapper has the handler's own signature


def stream(handler: Handler) -> Handler:
    """Let a handler of many replies raise our errors."""

    @functools.wraps(handler)
    def answer(self: object, request: object, context: grpc.ServicerContext) -> Iterator[object]:
        try:
            check_texts(request)
            yield from handler(self, request, context)
        except FomrepoError as error:
            _abort(context, error)
        except Exception as error:
            if not context.is_active():
                raise
            _abort(context, log_unexpected(error))

    return answer  # type: ignore[return-value]  # the wrapper has the handler's own signature


def caller(catalog: Catalog, context: grpc.ServicerContext) -> Principal:
    """Principal whose token came with the request."""
    return authenticate(catalog, context.invocation_metadata() or ())


def peer_certificate(context: grpc.ServicerContext) -> tuple[str, bytes]:
    """Name and certificate of the site at the other end, which TLS verified against the federation's authority.

    Raises
    ------
    IdentityError
        If the certificate is not that of a site.
    """
    certificate = bytes(next(iter(context.auth_context().get("x509_pem_cert", ())), b""))
    name = site_named_by(certificate)
    if name is None:
        raise IdentityError("the peer's certificate is not that of a site of this federation")
    return name, certificate


class WaitingRoom:
    """Lets at most ``seats`` requests wait at a time, so that the other threads stay free for quick ones."""

    def __init__(self, seats: int) -> None:
        self._seats = threading.BoundedSemaphore(seats)

    @contextmanager
    def seat(self, wait_s: float, longest_s: float) -> Iterator[float]:
        """How long a request may wait: what it asks for within bounds, or nothing where all seats are taken."""
        wanted = min(max(wait_s, 0.0), longest_s)
        if wanted == 0.0 or not self._seats.acquire(blocking=False):
            yield 0.0
            return
        try:
            yield wanted
        finally:
            self._seats.release()


def check_texts(request: object) -> None:
    """Refuse the NUL character, which no name, title or key has and not every database can hold."""
    if not isinstance(request, Message):
        return
    for field, value in request.ListFields():
        several = not isinstance(value, str | Message) and isinstance(value, Sequence)
        for one in value if several else (value,):
            if isinstance(one, str):
                if "\0" in one:
                    raise ArgumentError(f"{field.name} holds a NUL character", remedy="leave it out")
            elif isinstance(one, Message):
                check_texts(one)
            else:
                break  # numbers, of which there may be a million


def _abort(context: grpc.ServicerContext, error: FomrepoError) -> NoReturn:
    context.set_trailing_metadata(((FAILURE_METADATA, failure_to_wire(error).SerializeToString()),))
    context.abort(status_of(error), error.message[:500])
    raise AssertionError("abort returned")
