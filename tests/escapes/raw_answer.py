"""Guest: speaks to the host directly, past the harness."""

import json
import os
import struct


def tensor(dtype, shape, begin, end):
    """Describe a tensor as a header does."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def outcome(header, buffers, metadata=None):
    """Put an outcome message together; a header given as bytes is taken as it is."""
    if not isinstance(header, bytes):
        told = json.dumps(metadata or {"status": "ok"}, sort_keys=True, separators=(",", ":"))
        header = json.dumps({"__metadata__": {"outcome": told}, **header}, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % 8)
    body = struct.pack("<Q", len(header)) + header + buffers
    return b"o" + struct.pack("<Q", len(body)) + body


def say(message):
    """Write it all."""
    while message:
        message = message[os.write(3, message) :]
