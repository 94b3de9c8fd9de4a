import os

from raw_answer import outcome, say


def attack(universe):
    say(outcome(b'{"__metadata__":{"outcome":"{\\"status\\":\\"\\ud800\\"}"}}', b""))
    os._exit(0)
