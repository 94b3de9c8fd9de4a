import os

from raw_answer import outcome, say


def attack(universe):
    line = {"file": "\x1b[2J", "line": -1, "function": 7, "source": None}
    told = {
        "status": "failed",
        "fault": "method",
        "type": "\x1b]0;x\x07" * 9,
        "message": "\0" * 9,
        "frames": [line] * 10**4,
        "limit": [],
    }
    say(outcome({}, b"", told))
    os._exit(0)
