"""Replies to calls: on the wire what protobuf reads and writes, with the result where it can be used."""

from __future__ import annotations

import random

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from fomrepo.wire.replies import REPLIES, Reply, reply_from_wire, reply_to_wire
from fomrepo.wire.v1 import calls_pb2, review_pb2, sites_pb2


def told() -> calls_pb2.CallReply:
    return calls_pb2.CallReply(operation="an operation", state="done", site="site-a", result_size=7, snapshot=3)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2**20, 2**21 + 1])
def test_a_reply_is_spelled_as_protobuf_reads_it(size: int) -> None:
    result = random.Random(size).randbytes(size)
    message = reply_to_wire(Reply(told(), result))
    read = calls_pb2.CallReply.FromString(message)
    read.ClearField("padding")
    assert read == Reply(told(), result).whole()
    assert reply_from_wire(message) == Reply(told(), result)


@pytest.mark.parametrize("size", [8, 128, 16_384, 2**20])
def test_numbers_of_a_result_are_used_where_they_lie(size: int) -> None:
    message = reply_to_wire(Reply(told(), bytes(size)))
    result = reply_from_wire(message).result
    assert isinstance(result, memoryview)
    assert result.obj is message
    assert np.frombuffer(result, np.float64).flags.aligned


@pytest.mark.parametrize("size", [8, 2**20])
def test_a_reply_of_another_program_is_read_alike(size: int) -> None:
    result = random.Random(size).randbytes(size)
    message = Reply(told(), result).whole().SerializeToString()
    read = reply_from_wire(message)
    assert (read.message.operation, read.message.snapshot, read.result) == ("an operation", 3, result)
    first = calls_pb2.CallReply(result=result).SerializeToString() + told().SerializeToString()  # no padding before
    read = reply_from_wire(first)
    assert read == Reply(told(), result)
    assert np.frombuffer(read.result, np.uint64).flags.aligned


def test_noise_is_read_as_protobuf_does() -> None:
    draw = random.Random(7)
    refused = 0
    for _ in range(20_000):
        begin = draw.choice([bytes([0x6A, draw.randrange(4)]), bytes([0x4A, draw.randrange(9)]), b"\x12"])
        message = begin + draw.randbytes(draw.randrange(9))
        try:
            expected = calls_pb2.CallReply.FromString(message)
        except DecodeError:
            refused += 1
            with pytest.raises(DecodeError):
                reply_from_wire(message)
        else:
            read = reply_from_wire(message)
            assert (read.message.operation, read.result) == (expected.operation, expected.result)
    assert 5_000 < refused < 19_900


def test_every_reply_to_a_call_is_known() -> None:
    services = [
        service for file in (calls_pb2, review_pb2, sites_pb2) for service in file.DESCRIPTOR.services_by_name.values()
    ]
    replies = {
        f"/{service.full_name}/{method.name}": method.input_type.full_name
        for service in services
        for method in service.methods
        if method.output_type.name == "CallReply" and not method.server_streaming
    }
    assert replies == {method: kind.DESCRIPTOR.full_name for method, kind in REPLIES.items()}
