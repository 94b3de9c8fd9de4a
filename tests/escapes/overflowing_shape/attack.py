import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({"gained:utf8": tensor("U8", [2**32, 2**32 + 1], 0, 2**32)}, bytes(8)))
    os._exit(0)
