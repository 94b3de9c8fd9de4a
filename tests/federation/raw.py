"""What a program can send that is not our client: messages as they are, under any token and any certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from fomrepo.errors import FomrepoError
from fomrepo.model.canonical import new_id
from fomrepo.testing import LocalFederation
from fomrepo.wire.failures import FAILURE_METADATA, error_from_rpc
from fomrepo.wire.v1 import calls_pb2
from fomrepo.wire.v1.calls_pb2_grpc import CallsStub
from fomrepo.wire.v1.deposits_pb2_grpc import DepositsStub
from fomrepo.wire.v1.files_pb2_grpc import FilesStub
from fomrepo.wire.v1.methods_pb2_grpc import MethodsStub
from fomrepo.wire.v1.review_pb2_grpc import ReviewStub
from fomrepo.wire.v1.sites_pb2_grpc import SitesStub

#: No request of a test may take longer.
DEADLINE_S = 30.0


class RawClient:
    """The services of one site, called with bare messages."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.calls = CallsStub(channel)
        self.deposits = DepositsStub(channel)
        self.files = FilesStub(channel)
        self.methods = MethodsStub(channel)
        self.review = ReviewStub(channel)
        self.sites = SitesStub(channel)


@contextmanager
def raw_client(federation: LocalFederation, site: str, token: str | None) -> Iterator[RawClient]:
    """Connect to a site with a token, or with none at all."""
    credentials = grpc.ssl_channel_credentials(federation.ca.read_bytes())
    if token is not None:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    with grpc.secure_channel(federation[site].address, credentials) as channel:
        yield RawClient(channel)


def refused(send: Callable[..., Any], request: object) -> grpc.RpcError:
    """Send a request that must fail; a stream is read to its end."""
    try:
        reply = send(request, timeout=DEADLINE_S)
        if hasattr(reply, "__next__"):
            list(reply)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"it was answered: {reply}")


def error_of(send: Callable[..., Any], request: object) -> FomrepoError:
    """Send a request that must fail; return what the site says of it, as an error of ours."""
    return error_from_rpc(refused(send, request), address="the site")


def said(error: grpc.RpcError) -> tuple[object, ...]:
    """Everything that a failure tells whoever sent the request: status, text, and the failure byte for byte."""
    trailing = dict(error.trailing_metadata() or ())
    return error.code(), error.details(), trailing[FAILURE_METADATA]


def call_request(record: str, name: str, method: str = "radius_of_gyration", **fields: Any) -> calls_pb2.CallRequest:
    """Request of a call as a client would send it."""
    fields.setdefault("idempotency_key", new_id())
    return calls_pb2.CallRequest(
        method=method, inputs=[calls_pb2.FileRef(record=record, name=name)], wait_s=2.0, **fields
    )


def ended(client: RawClient, reply: calls_pb2.CallReply) -> calls_pb2.CallReply:
    """Wait until an operation has ended."""
    while reply.state in ("waiting", "running"):
        reply = client.calls.Wait(calls_pb2.WaitRequest(operation=reply.operation, wait_s=10.0), timeout=DEADLINE_S)
    return reply
