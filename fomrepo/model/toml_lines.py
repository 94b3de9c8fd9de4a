"""Where a key stands in a TOML text, so that a refusal can name the line."""

from __future__ import annotations

import string
from collections import Counter

#: What a table's header or a key is made of, as far as it is looked at here.
_IN_NAMES = set(string.ascii_letters + string.digits + "_-. \"'")
#: Longer ones are not looked at.
_LONGEST = 200


def line_of(text: str, key: str) -> int | None:
    """Line of a key such as ``parameters.select.type`` or ``expect.2.field``, counted from 1.

    Tables of an array are counted from 1. Where the key itself does not stand there, the line of the table that lacks
    it; None where not even that is found. It looks for headers and assignments only: inside a text of several lines it
    may take one for the other, and the line is then a hint that misleads, nothing more. The text may be a stranger's:
    each line is looked at once.
    """
    best, best_length = None, 0
    wanted = key.split(".")
    here: list[str] = []
    counted: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = stripped.startswith("[")
        name = stripped.lstrip("[").partition("]")[0] if header else stripped.partition("=")[0]
        if len(name) > _LONGEST or not set(name) <= _IN_NAMES or (not header and "=" not in stripped):
            continue
        parts = [part.strip().strip("\"'") for part in name.split(".")]
        if header:
            here = parts
            if stripped.startswith("[["):
                counted[name] += 1
                here = [*parts, str(counted[name])]
        found = here if header else here + parts
        if len(found) > best_length and wanted[: len(found)] == found:
            best, best_length = number, len(found)
    return best
