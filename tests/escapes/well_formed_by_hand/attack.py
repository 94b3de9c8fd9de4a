import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    header = {
        "gained:offsets": tensor("I64", [1], 0, 8),
        "refused:offsets": tensor("I64", [2], 8, 24),
        "gained:utf8": tensor("U8", [0], 24, 24),
        "refused:utf8": tensor("U8", [1], 24, 25),
    }
    say(outcome(header, struct.pack("<3q", 0, 0, 1) + b"x"))
    os._exit(0)
