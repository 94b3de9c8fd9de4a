import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    failure = {"status": "failed", "fault": "site", "type": "X", "message": "X", "frames": [], "limit": None}
    say(outcome({}, b"", failure))
    os._exit(0)
