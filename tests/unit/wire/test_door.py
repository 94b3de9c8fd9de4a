"""Messages of a site's door: what is said is heard, open files come along, and nothing else is taken."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.errors import ConflictError, SiteUnreachableError
from fomrepo.wire.door import MESSAGE_LIMIT_BYTES, checked, failure_message, receive_message, send_message


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    mine, yours = socket.socketpair()
    with mine, yours:
        yours.settimeout(0.2)
        yield mine, yours


def test_what_is_said_is_heard(ends: tuple[socket.socket, socket.socket]) -> None:
    told = {"title": "Ä" * 10_000, "files": [{"size": 2**62}]}
    send_message(ends[0], told)
    assert receive_message(ends[1]) == (told, None)


def test_an_error_is_raised_at_the_other_side(ends: tuple[socket.socket, socket.socket]) -> None:
    send_message(ends[0], failure_message(ConflictError("taken", remedy="take another")))
    with pytest.raises(ConflictError, match="taken") as caught:
        checked(receive_message(ends[1])[0])
    assert caught.value.remedy == "take another"
    assert checked({"want": "adk.psf"}) == {"want": "adk.psf"}


def test_an_open_file_comes_along_and_no_child_inherits_it(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    with (tmp_path / "file").open("rb") as stream:
        send_message(ends[0], {"path": "/file"}, descriptor=stream.fileno())
    told, descriptor = receive_message(ends[1])
    assert told == {"path": "/file"}
    assert descriptor is not None
    assert os.pread(descriptor, 3, 0) == b"abc"
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x01",
        struct.pack("<I", MESSAGE_LIMIT_BYTES + 1),
        struct.pack("<I", 5) + b"{}",
        struct.pack("<I", 2) + b"[]",
        struct.pack("<I", 2) + b"{]",
        struct.pack("<I", 2) + b"\xff\xff",
        struct.pack("<I", 50_000) + b"[" * 50_000,
    ],
    ids=["nothing", "part of a length", "too long", "cut", "no object", "no JSON", "no text", "too deep"],
)
def test_what_is_no_message_is_not_taken_and_its_open_files_are_closed(
    ends: tuple[socket.socket, socket.socket], said: bytes
) -> None:
    before = os.listdir("/proc/self/fd")
    reading, writing = os.pipe()
    if said:
        socket.send_fds(ends[0], [said], [reading])
    ends[0].close()
    os.close(reading)
    with pytest.raises(SiteUnreachableError):
        receive_message(ends[1])
    with pytest.raises(BrokenPipeError):  # nobody has its other end any more
        os.write(writing, b"x")
    os.close(writing)
    assert len(os.listdir("/proc/self/fd")) < len(before)


def test_who_says_nothing_is_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(SiteUnreachableError, match="timed out"):
        receive_message(ends[1])


def test_who_has_gone_is_told_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    with pytest.raises(SiteUnreachableError):
        send_message(ends[0], {"want": "adk.psf"})
