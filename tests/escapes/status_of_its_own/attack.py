import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({}, b"", {"status": "ok", "cached": True, "site": "a"}))
    os._exit(0)
