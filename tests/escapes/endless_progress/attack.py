import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(b"p" + struct.pack("<Q", 2**62))
    os._exit(0)
