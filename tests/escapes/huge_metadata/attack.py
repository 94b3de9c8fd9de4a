import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({}, b"", {"status": "ok", "x": "y" * 2**21}))
    os._exit(0)
