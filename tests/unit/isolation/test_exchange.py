"""What the site hears from a guest is hostile until it is proved otherwise."""

import io
import os
import socket
import struct
import threading
from contextlib import suppress

import pytest

from fomrepo.errors import LimitHit
from fomrepo.isolation import exchange
from fomrepo.isolation.exchange import Exchange, converse

OUTCOME = b"o" + struct.pack("<Q", 5) + b"hello"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<Q", len(body)) + body


def hear(said: bytes, *, result_bytes: int = 100, on_progress=None) -> tuple[Exchange, bytes]:
    """Let a guest say some bytes, then close."""
    ours, guests = socket.socketpair()

    def guest() -> None:
        with guests:
            length = struct.unpack("<Q", guests.recv(8))[0]
            assert guests.recv(length) == b"request"
            with suppress(BrokenPipeError):  # the site has hung up
                guests.sendall(said)

    talker = threading.Thread(target=guest)
    talker.start()
    body = io.BytesIO()
    with ours:
        told = converse(ours, b"request", body, result_bytes=result_bytes, on_progress=on_progress)
    talker.join()
    return told, body.getvalue()


def test_one_outcome_is_handed_on():
    assert hear(OUTCOME) == (Exchange("outcome", 5, None, "one whole outcome"), b"hello")


def test_progress_is_reported_in_order():
    seen = []
    said = message(b"p", b'{"done":1,"total":3}') + message(b"p", b'{"done":3,"total":3}') + OUTCOME
    told, _ = hear(said, on_progress=lambda done, total: seen.append((done, total)))
    assert (told.ended, seen) == ("outcome", [(1, 3), (3, 3)])


def test_an_outcome_beyond_the_limit_names_the_limit_before_a_byte_is_read():
    told, body = hear(b"o" + struct.pack("<Q", 2**63), result_bytes=100)
    assert (told.ended, told.limit, body) == ("limit", LimitHit("result", 100, 2**63, "byte"), b"")


@pytest.mark.parametrize("said", [b"", b"o", OUTCOME[:9], OUTCOME[:-1], b"p" + struct.pack("<Q", 10) + b"{"])
def test_an_early_end_is_no_outcome(said):
    assert hear(said)[0].ended == "silent"


@pytest.mark.parametrize(
    "said",
    [
        OUTCOME + b"x",
        OUTCOME + OUTCOME,
        OUTCOME + message(b"p", b'{"done":1,"total":3}'),
        b"q" + struct.pack("<Q", 0),
        b"\0" * 9,
        message(b"p", b" " * 257),
        b"p" + struct.pack("<Q", 2**64 - 1),
        message(b"p", b"{}"),
        message(b"p", b"[1,2]"),
        message(b"p", b'{"done":1}'),
        message(b"p", b'{"done":1,"total":2,"more":3}'),
        message(b"p", b'{"done":2,"total":1}'),
        message(b"p", b'{"done":-1,"total":1}'),
        message(b"p", b'{"done":true,"total":true}'),
        message(b"p", b'{"done":1.0,"total":2}'),
        message(b"p", b'{"done":NaN,"total":2}'),
        message(b"p", b'{"done":1,"total":' + b"9" * 200 + b"}"),
        message(b"p", b"[" * 256),
        message(b"p", b"\xff\xfe"),
    ],
)
def test_anything_else_is_hostile(said):
    assert hear(said)[0].ended == "hostile"


def test_progress_without_end_is_hostile(monkeypatch):
    monkeypatch.setattr(exchange, "PROGRESS_MESSAGES", 3)
    assert hear(message(b"p", b'{"done":1,"total":3}') * 3 + OUTCOME)[0].ended == "hostile"


def test_a_cancelled_caller_does_not_wait_for_a_silent_guest():
    ours, guests = socket.socketpair()
    with ours, guests:
        told = converse(ours, b"request", io.BytesIO(), result_bytes=1, is_cancelled=lambda: True)
    assert told.ended == "cancelled"


def test_descriptors_that_a_guest_sends_along_do_not_arrive(tmp_path):
    ours, guests = socket.socketpair()
    file = (tmp_path / "x").open("wb")
    with ours, guests, file:
        socket.send_fds(guests, [OUTCOME], [file.fileno()])
        guests.shutdown(socket.SHUT_WR)
        before = len(_open_descriptors())
        assert converse(ours, b"", io.BytesIO(), result_bytes=100).ended == "outcome"
        assert len(_open_descriptors()) == before


def _open_descriptors():
    return os.listdir("/proc/self/fd")
