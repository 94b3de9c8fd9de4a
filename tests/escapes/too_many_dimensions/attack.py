import os

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({"gained:utf8": tensor("U8", [1] * 8 + [-1], 0, 0)}, b""))
    os._exit(0)
