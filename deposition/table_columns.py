"""Guest: what tables of several formats share: names that differ, and the narrowest kind of a column."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

KINDS = ("int64", "float64", "str")  # each can hold what those before it can
NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none"})  # what stands for a missing number


def distinct_names(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind those that have been there already: "Pressure", "Pressure #2"."""
    found: dict[str, None] = {}
    for name in names:
        numbered = (name if number == 1 else f"{name} #{number}" for number in itertools.count(1))
        found[next(each for each in numbered if each not in found)] = None
    return list(found)


def wider_kind(kind: str, column: Iterable[str]) -> str:
    """Return the narrowest kind that holds a column's texts and what `kind` holds."""
    for text in column:
        if kind == "int64" and not _is_integer(text):
            kind = "float64"
        if kind == "float64" and text.lower() not in NO_NUMBER and not is_number(text):
            return "str"
    return kind


def is_number(text: str) -> bool:
    """Whether a text is a number, as Python spells them but for underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit() and len(digits) <= 18  # 19 digits may not fit into 64 bits
