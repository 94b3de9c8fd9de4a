import json
import os

from raw_answer import outcome, say


def attack(universe):
    say(outcome(json.dumps({"__metadata__": {"outcome": "[[]]"}}).encode(), b""))
    os._exit(0)
