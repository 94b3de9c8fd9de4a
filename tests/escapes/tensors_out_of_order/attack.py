import os

from raw_answer import outcome, say, tensor


def attack(universe):
    header = {
        "refused:offsets": tensor("I64", [1], 0, 8),
        "gained:offsets": tensor("I64", [1], 8, 16),
        "gained:utf8": tensor("U8", [0], 16, 16),
        "refused:utf8": tensor("U8", [0], 16, 16),
    }
    say(outcome(header, bytes(16)))
    os._exit(0)
