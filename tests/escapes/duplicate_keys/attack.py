import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    entry = json.dumps(tensor("U8", [8], 0, 8))
    metadata = json.dumps({"outcome": json.dumps({"status": "ok"})})
    header = f'{{"__metadata__":{metadata},"gained:utf8":{entry},"gained:utf8":{entry}}}'.encode()
    say(outcome(header, bytes(8)))
    os._exit(0)
