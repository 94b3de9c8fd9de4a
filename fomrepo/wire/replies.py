"""Replies to calls: the message ``CallReply`` with its result beside it, without protobuf's copies of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from fomrepo.wire.bare_bytes import first_bytes, head, spelled
from fomrepo.wire.v1 import calls_pb2, review_pb2, sites_pb2

CALL = "/fomrepo.wire.v1.Calls/Call"
TRY_DRAFT = "/fomrepo.wire.v1.Calls/TryDraft"
WAIT = "/fomrepo.wire.v1.Calls/Wait"
CANCEL = "/fomrepo.wire.v1.Calls/Cancel"
CALL_ATTACHED = "/fomrepo.wire.v1.Review/CallAttached"
PEER_RUN = "/fomrepo.wire.v1.Peers/Run"
PEER_WAIT = "/fomrepo.wire.v1.Peers/Wait"
PEER_CANCEL = "/fomrepo.wire.v1.Peers/Cancel"

#: Methods that answer with one ``CallReply``, and what they are asked.
REPLIES: dict[str, type[Message]] = {
    CALL: calls_pb2.CallRequest,
    TRY_DRAFT: calls_pb2.TryDraftRequest,
    WAIT: calls_pb2.WaitRequest,
    CANCEL: calls_pb2.CancelRequest,
    CALL_ATTACHED: review_pb2.CallAttachedRequest,
    PEER_RUN: sites_pb2.PeerRunRequest,
    PEER_WAIT: calls_pb2.WaitRequest,
    PEER_CANCEL: calls_pb2.CancelRequest,
}

#: Fields 13 and 9, bytes: how a ``CallReply`` begins that brings its result.
_PADDING, _RESULT = b"\x6a", b"\x4a"

#: Multiple of which the result begins in the message, so that its numbers can be used where they lie.
_ALIGNMENT = 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What a site says of a call."""

    #: Everything but the result.
    message: calls_pb2.CallReply
    #: The container; empty if it does not come along.
    result: bytes | memoryview = b""

    def whole(self) -> calls_pb2.CallReply:
        """Both in one message, which is changed."""
        self.message.result = bytes(self.result)
        return self.message


def reply_method(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable[Any, Reply]:
    """Method of :data:`REPLIES`, as it is called."""
    return channel.unary_unary(
        method, request_serializer=REPLIES[method].SerializeToString, response_deserializer=reply_from_wire
    )


def reply_to_wire(reply: Reply) -> bytes:
    """Spell a ``CallReply``: its result first, behind as much padding as lets it be used where it lies."""
    others = reply.message.SerializeToString()
    if not reply.result:
        return others
    before = head(_RESULT, len(reply.result))
    padding = spelled(_PADDING, bytes(-(len(head(_PADDING, 0)) + len(before)) % _ALIGNMENT))
    return b"".join((padding, before, reply.result, others))


def reply_from_wire(message: bytes) -> Reply:
    """Read a ``CallReply``: its result is not copied if it lies where :func:`reply_to_wire` puts it.

    Raises
    ------
    google.protobuf.message.DecodeError
        If the message is none.
    """
    view = memoryview(message)
    padding = first_bytes(_PADDING, view)
    found = first_bytes(_RESULT, view if padding is None else padding[1])
    if found is None:
        reply = calls_pb2.CallReply.FromString(message)
        return Reply(reply, reply.result)
    result, others = found
    reply = calls_pb2.CallReply.FromString(bytes(others))
    aligned = (len(message) - len(others) - len(result)) % _ALIGNMENT == 0
    return Reply(reply, reply.result or (result if aligned else bytes(result)))  # the last of several counts
