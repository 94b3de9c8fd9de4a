import os

from raw_answer import outcome, say


def attack(universe):
    told = {"status": "failed", "fault": "limit", "type": "X", "message": "", "frames": {}, "limit": {"name": {"a": 1}}}
    say(outcome({}, b"", told))
    os._exit(0)
