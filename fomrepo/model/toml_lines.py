"""Where a key stands in a TOML text, so that a refusal can name the line."""

from __future__ import annotations

import re
from collections import Counter

_TABLE = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def line_of(text: str, key: str) -> int | None:
    """Line of a key such as ``parameters.select.type`` or ``expect.2.field``, counted from 1.

    Tables of an array are counted from 1. Where the key itself does not stand there, the line of the table that lacks
    it; None where not even that is found. It looks for headers and assignments only: inside a text of several lines it
    may take one for the other, and the line is then a hint that misleads, nothing more.
    """
    best, best_length = None, 0
    wanted = key.split(".")
    here: list[str] = []
    counted: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if table := _TABLE.fullmatch(line):
            here = _parts(table[2])
            if table[1] == "[[":
                counted[table[2]] += 1
                here.append(str(counted[table[2]]))
            found = here
        elif assigned := _KEY.match(line):
            found = here + _parts(assigned[1])
        else:
            continue
        if len(found) > best_length and wanted[: len(found)] == found:
            best, best_length = number, len(found)
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
