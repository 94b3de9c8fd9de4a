"""Chunks of bytes: the same on the wire as protobuf spells them."""

from __future__ import annotations

import random

import pytest
from google.protobuf.message import DecodeError

from fomrepo.wire.chunks import CHUNK_STREAMS, chunk_from_wire, chunk_to_wire
from fomrepo.wire.v1 import calls_pb2, files_pb2, sites_pb2


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2**20, 2**21 + 1])
def test_a_chunk_is_spelled_as_protobuf_does(size: int) -> None:
    data = random.Random(size).randbytes(size)
    message = files_pb2.Chunk(data=data).SerializeToString()
    assert chunk_to_wire(data) == chunk_to_wire(memoryview(data)) == message
    assert chunk_from_wire(message) == data


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x01a\x0a\x02bc",  # a field twice: the last one counts
        b"\x0a\x81\x00a",  # a length in more bytes than it needs
        b"\x10\x05\x0a\x01a",  # a field of tomorrow
        b"\x0a\x01a\x10\x05",
    ],
)
def test_other_spellings_are_read_as_protobuf_does(message: bytes) -> None:
    assert chunk_from_wire(message) == files_pb2.Chunk.FromString(message).data


def test_noise_is_read_as_protobuf_does() -> None:
    draw = random.Random(7)
    refused = 0
    for _ in range(20_000):
        message = draw.choice([bytes([0x0A, draw.randrange(9)]), b"\x12"]) + draw.randbytes(draw.randrange(9))
        try:
            expected = files_pb2.Chunk.FromString(message).data
        except DecodeError:
            refused += 1
            with pytest.raises(DecodeError):
                chunk_from_wire(message)
        else:
            assert chunk_from_wire(message) == expected
    assert 5_000 < refused < 19_900


def test_every_stream_of_chunks_is_known() -> None:
    services = [
        service for file in (calls_pb2, files_pb2, sites_pb2) for service in file.DESCRIPTOR.services_by_name.values()
    ]
    streams = {
        f"/{service.full_name}/{method.name}": method.input_type.full_name
        for service in services
        for method in service.methods
        if method.server_streaming and not method.client_streaming and method.output_type.name == "Chunk"
    }
    assert streams == {method: kind.DESCRIPTOR.full_name for method, kind in CHUNK_STREAMS.items()}
