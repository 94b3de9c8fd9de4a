import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({"gained:utf8": tensor("O", [1], 0, 8)}, bytes(8)))
    os._exit(0)
