"""Streams of bytes to a site: the message ``UploadChunk``, without protobuf's copies where it holds bytes alone."""

from __future__ import annotations

from typing import TypeAlias

import grpc

from fomrepo.wire.bare_bytes import bytes_in, spelled
from fomrepo.wire.v1 import deposits_pb2

#: A message as a handler reads it: a view of its bytes where it holds nothing else.
UploadMessage: TypeAlias = memoryview | deposits_pb2.UploadChunk

UPLOAD = "/fomrepo.wire.v1.Deposits/Upload"

#: Field 4, bytes: how a message that holds nothing else begins.
_DATA = b"\x22"


def upload_stream(
    channel: grpc.Channel,
) -> grpc.StreamUnaryMultiCallable[bytes | deposits_pb2.UploadChunk, deposits_pb2.UploadReply]:
    """Method ``Upload`` as a client calls it: messages, and bytes that need no other words."""
    return channel.stream_unary(
        UPLOAD, request_serializer=upload_to_wire, response_deserializer=deposits_pb2.UploadReply.FromString
    )


def upload_to_wire(message: bytes | deposits_pb2.UploadChunk) -> bytes:
    """Spell a message, or one that holds these bytes."""
    if isinstance(message, deposits_pb2.UploadChunk):
        return message.SerializeToString()
    return spelled(_DATA, message)


def upload_from_wire(message: bytes) -> UploadMessage:
    """Bytes of a message that holds nothing else, as a view; any other one as it is.

    Raises
    ------
    google.protobuf.message.DecodeError
        If it is none.
    """
    data = bytes_in(_DATA, message)
    return deposits_pb2.UploadChunk.FromString(message) if data is None else data
