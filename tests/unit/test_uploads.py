"""Messages of an upload: the same on the wire as protobuf spells them."""

from __future__ import annotations

import random

import pytest
from google.protobuf.message import DecodeError

from fomrepo.wire.uploads import upload_from_wire, upload_to_wire
from fomrepo.wire.v1.deposits_pb2 import UploadChunk


@pytest.mark.parametrize("size", [1, 127, 128, 16_383, 16_384, 2**20, 2**21 + 1])
def test_bytes_are_spelled_as_protobuf_does(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert upload_to_wire(data) == UploadChunk(data=data).SerializeToString()
    found = upload_from_wire(upload_to_wire(data))
    assert isinstance(found, memoryview)
    assert found == data


@pytest.mark.parametrize(
    "message",
    [
        UploadChunk(),
        UploadChunk(deposit="d", name="n", offset=2**40),
        UploadChunk(digest="x"),
        UploadChunk(prefix_digest="x"),
    ],
)
def test_other_messages_are_protobufs(message: UploadChunk) -> None:
    assert upload_from_wire(upload_to_wire(message)) == message


def test_noise_is_read_as_protobuf_does() -> None:
    draw = random.Random(7)
    for _ in range(5_000):
        message = draw.choice([bytes([0x22, draw.randrange(9)]), b"\x1a"]) + draw.randbytes(draw.randrange(9))
        try:
            expected = UploadChunk.FromString(message)
        except DecodeError:
            with pytest.raises(DecodeError):
                upload_from_wire(message)
            continue
        found = upload_from_wire(message)
        assert found == expected if isinstance(found, UploadChunk) else UploadChunk(data=bytes(found)) == expected
