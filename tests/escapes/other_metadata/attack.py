import json
import os

from raw_answer import outcome, say


def attack(universe):
    told = {"outcome": json.dumps({"status": "ok"}), "format": "pt"}
    say(outcome(json.dumps({"__metadata__": told}).encode(), b""))
    os._exit(0)
