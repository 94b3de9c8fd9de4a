"""Streams of bytes from a site: the message ``Chunk``, without the copies that protobuf makes of its bytes."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message import Message
from grpc.experimental import ChannelOptions

from fomrepo.wire.bare_bytes import bytes_in, spelled
from fomrepo.wire.v1 import calls_pb2, files_pb2, sites_pb2

READ_FILE = "/fomrepo.wire.v1.Files/ReadFile"
READ_RESULT = "/fomrepo.wire.v1.Calls/ReadResult"
PEER_READ_OBJECT = "/fomrepo.wire.v1.Peers/ReadObject"
PEER_READ_RESULT = "/fomrepo.wire.v1.Peers/ReadResult"

#: Methods that answer with a stream of ``Chunk``, and what they are asked.
CHUNK_STREAMS: dict[str, type[Message]] = {
    READ_FILE: files_pb2.ReadFileRequest,
    READ_RESULT: calls_pb2.ReadResultRequest,
    PEER_READ_OBJECT: sites_pb2.ReadObjectRequest,
    PEER_READ_RESULT: sites_pb2.ReadObjectRequest,
}

#: How channels receive streams: each in the thread that reads it. gRPC's other way, with a thread of the channel
#: between, sometimes waits forever where a site goes away as the stream begins, whatever the deadline (grpcio 1.85).
RECEIVING = ((ChannelOptions.SingleThreadedUnaryStream, 1),)

#: Field 1, bytes: how a ``Chunk`` begins.
_DATA = b"\x0a"


def chunk_stream(channel: grpc.Channel, method: str) -> grpc.UnaryStreamMultiCallable[Any, memoryview]:
    """Method of :data:`CHUNK_STREAMS`, as a client calls it; the bytes of each chunk come as a view."""
    return channel.unary_stream(
        method, request_serializer=CHUNK_STREAMS[method].SerializeToString, response_deserializer=chunk_from_wire
    )


def chunk_to_wire(data: bytes | memoryview) -> bytes:
    """Spell a ``Chunk`` of these bytes."""
    return spelled(_DATA, data) if data else b""


def chunk_from_wire(message: bytes) -> memoryview:
    """Bytes of a ``Chunk``: not copied if it is spelled as :func:`chunk_to_wire` does.

    Raises
    ------
    google.protobuf.message.DecodeError
        If the message is none.
    """
    data = bytes_in(_DATA, message)
    return memoryview(files_pb2.Chunk.FromString(message).data) if data is None else data
