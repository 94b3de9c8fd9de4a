import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(b"o" + struct.pack("<Q", 1000) + bytes(500))
    while True:
        pass
    os._exit(0)
