import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(b"x" + struct.pack("<Q", 4) + b"evil")
    os._exit(0)
