import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(b"o" + struct.pack("<Q", 2**60) + bytes(2**16))
    os._exit(0)
