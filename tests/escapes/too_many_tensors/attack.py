import os

from raw_answer import outcome, say, tensor


def attack(universe):
    say(outcome({f"x{number:03}": tensor("U8", [0], 0, 0) for number in range(300)}, b""))
    os._exit(0)
