"""Streams of bytes to a site: the message ``UploadChunk`` as it travels, without protobuf's copies of its bytes.

On the wire nothing differs. A message that holds bytes and nothing else is written in one copy, behind its length, and
read as a view of what came in; all others are protobuf's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc

from fomrepo.wire.v1 import deposits_pb2

#: A message as a handler reads it: a view of its bytes where it holds nothing else.
UploadMessage: TypeAlias = memoryview | deposits_pb2.UploadChunk

UPLOAD = "/fomrepo.wire.v1.Deposits/Upload"

#: Field 4, bytes: how a message that holds nothing else begins.
_DATA = b"\x22"
#: Of each byte of a length, seven bits are number; the eighth says that more follow. Five bytes spell 4 GiB.
_NUMBER, _MORE, _LONGEST = 0x7F, 0x80, 5


def upload_stream(
    channel: grpc.Channel,
) -> grpc.StreamUnaryMultiCallable[bytes | deposits_pb2.UploadChunk, deposits_pb2.UploadReply]:
    """Method ``Upload`` as a client calls it: messages, and bytes that need no other words."""
    return channel.stream_unary(
        UPLOAD, request_serializer=upload_to_wire, response_deserializer=deposits_pb2.UploadReply.FromString
    )


class UploadStreams(grpc.ServerInterceptor):
    """Lets the handler of ``Upload`` read views instead of messages, where a message holds nothing but bytes."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Give the stream its own way to be read."""
        handler = continuation(handler_call_details)
        if handler is None or handler.stream_unary is None or handler_call_details.method != UPLOAD:
            return handler
        return grpc.stream_unary_rpc_method_handler(handler.stream_unary, upload_from_wire, handler.response_serializer)


def upload_to_wire(message: bytes | deposits_pb2.UploadChunk) -> bytes:
    """Spell a message, or one that holds these bytes."""
    if isinstance(message, deposits_pb2.UploadChunk):
        return message.SerializeToString()
    length, left = bytearray(), len(message)
    while left > _NUMBER:
        length.append(left & _NUMBER | _MORE)
        left >>= 7
    length.append(left)
    return b"".join((_DATA, length, message))


def upload_from_wire(message: bytes) -> UploadMessage:
    """Bytes of a message that holds nothing else, as a view; any other one as it is.

    Raises
    ------
    google.protobuf.message.DecodeError
        If it is none.
    """
    if message.startswith(_DATA):
        length = 0
        for place, byte in enumerate(message[1 : 1 + _LONGEST]):
            length |= (byte & _NUMBER) << 7 * place
            if byte & _MORE == 0:
                if place + 2 + length == len(message):
                    return memoryview(message)[place + 2 :]
                break
    return deposits_pb2.UploadChunk.FromString(message)
