import os

from raw_answer import outcome, say


def attack(universe):
    say(outcome(b'{"__metadata__":{"outcome":"\xff\xfe\xed\xa0\x80"}}', b""))
    os._exit(0)
