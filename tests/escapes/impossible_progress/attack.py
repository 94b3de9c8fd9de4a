import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    body = json.dumps({"done": 10**30, "total": -1}).encode()
    say(b"p" + struct.pack("<Q", len(body)) + body)
    os._exit(0)
