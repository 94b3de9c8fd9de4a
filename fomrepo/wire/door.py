"""Messages of the door by which a site talks with commands on its own machine: JSON, and now and then an open file.

A message is a length of four bytes, little-endian, and so many bytes of UTF-8. An open file comes beside the length.
docs/in-place.md says what is said.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fomrepo.errors import FomrepoError, SiteUnreachableError
from fomrepo.wire.failures import failure_from_wire, failure_to_wire
from fomrepo.wire.v1 import failures_pb2

#: What is spoken at the door; another number is refused.
PROTOCOL = 1

#: Longest message: a deposit of a thousand files is described in 300 KiB.
MESSAGE_LIMIT_BYTES = 2**20

#: Fact ``reason`` of an error that says: not at the door, but over the wire it goes.
OVER_THE_WIRE = "over_the_wire"

#: Where Linux says which start of which machine this is; all its containers read the same.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_LENGTH = struct.Struct("<I")


def this_machine() -> str:
    """Mark by which two programs find that they run on one machine; empty where there is none."""
    try:
        return hashlib.sha256(b"fomrepo door " + BOOT_ID.read_bytes()).hexdigest()
    except OSError:
        return ""


def send_message(door: socket.socket, message: Mapping[str, Any], *, descriptor: int | None = None) -> None:
    """Send a message, and an open file with it.

    Raises
    ------
    SiteUnreachableError
        If the other side has gone.
    """
    body = json.dumps(message).encode()
    try:
        socket.send_fds(door, [_LENGTH.pack(len(body))], [] if descriptor is None else [descriptor])
        door.sendall(body)
    except OSError as error:
        raise _gone(error.strerror or "it is silent") from None


def receive_message(
    door: socket.socket, *, close: Callable[[int], None] = os.close
) -> tuple[dict[str, Any], int | None]:
    """Receive a message, and the open file that came with it, which is the caller's to close.

    Parameters
    ----------
    door
        Where it comes from.
    close
        Closes the file if the message is none.

    Raises
    ------
    SiteUnreachableError
        If the other side has gone, is silent for too long, or speaks otherwise.
    """
    descriptors: list[int] = []
    try:
        header, descriptors, _, _ = socket.recv_fds(door, _LENGTH.size, 1)
        for one in descriptors:
            os.set_inheritable(one, False)
        length = _LENGTH.unpack(header)[0]
        if length > MESSAGE_LIMIT_BYTES:
            raise ValueError(f"a message of {length} bytes")
        body = b""
        while len(body) < length:
            more = door.recv(length - len(body))
            if not more:
                raise ValueError("it ended within a message")
            body += more
        message = json.loads(body)
        if not isinstance(message, dict):
            raise ValueError("a message of another form")
    except (OSError, ValueError, struct.error, RecursionError) as error:
        for one in descriptors:
            close(one)
        raise _gone(str(error)) from None
    return message, descriptors[0] if descriptors else None


def failure_message(error: FomrepoError) -> Mapping[str, Any]:
    """Write an error as a message."""
    return {"failure": base64.b64encode(failure_to_wire(error).SerializeToString()).decode()}


def checked(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a message back, unless it is an error: that is raised."""
    if "failure" in message:
        raise failure_from_wire(failures_pb2.Failure.FromString(base64.b64decode(str(message["failure"]))))
    return message


def _gone(why: str) -> SiteUnreachableError:
    return SiteUnreachableError(
        f"the other side of the site's door has gone: {why}",
        remedy="see whether the site runs (fomrepo site status), then run the command again",
    )
