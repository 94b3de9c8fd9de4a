import os

from raw_answer import outcome, say, tensor


def attack(universe):
    header = {
        "gained:offsets": tensor("I64", [1], 0, 8),
        "refused:offsets": tensor("I64", [1], 16, 24),
        "gained:utf8": tensor("U8", [0], 24, 24),
        "refused:utf8": tensor("U8", [0], 24, 24),
    }
    say(outcome(header, bytes(8) + b"smuggled" + bytes(8)))
    os._exit(0)
