"""Guest: what tables of several formats share: names that differ, and the narrowest kind of a column."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterable

KINDS = ("int64", "float64", "str")  # each can hold what those before it can
NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none"})  # what stands for a missing number


def distinct_names(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind those that have been there already: "Pressure", "Pressure #2"."""
    found: dict[str, None] = {}
    for name in names:
        numbered = (name if number == 1 else f"{name} #{number}" for number in itertools.count(1))
        found[next(each for each in numbered if each not in found)] = None
    return list(found)


def wider_kind(kind: str, column: Collection[str]) -> str:
    """Return the narrowest kind that holds a column's texts and what `kind` holds."""
    if kind == "int64" and not _are_plain_integers(column) and not all(map(_is_integer, column)):
        kind = "float64"
    if kind == "float64" and not _are_numbers(column):
        missing_or_number = (text.lower() in NO_NUMBER or is_number(text) for text in column)
        return kind if all(missing_or_number) else "str"
    return kind


def is_number(text: str) -> bool:
    """Whether a text is a number, as Python spells them but for underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _are_numbers(column: Collection[str]) -> bool:
    """Whether all texts are numbers, at the speed of C: tables have millions of them."""
    try:
        deque(map(float, column), maxlen=0)
    except ValueError:
        return False
    return "_" not in "".join(column)


def _are_plain_integers(column: Collection[str]) -> bool:
    """Whether all texts are integers without a sign, at the speed of C."""
    together = "".join(column)
    return together.isascii() and together.isdigit() and min(map(len, column)) > 0 and max(map(len, column)) <= 18


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit() and len(digits) <= 18  # 19 digits may not fit into 64 bits
