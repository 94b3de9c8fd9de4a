import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    header = {
        "gained:offsets": tensor("I64", [2], 0, 16),
        "refused:offsets": tensor("I64", [1], 16, 24),
        "gained:utf8": tensor("U8", [2], 24, 26),
        "refused:utf8": tensor("U8", [0], 26, 26),
    }
    say(outcome(header, struct.pack("<3q", 0, 2, 0) + b"\xff\xfe"))
    os._exit(0)
