"""What somebody typed into the search box, read as words that are joined by AND, OR, NOT and brackets.

``adenylate (closed OR "open state") NOT water``: words that stand side by side must all be there, a word also means
what begins with it, and what stands in quotation marks is one phrase. No text is an error: a mark that has no meaning
where it stands is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Longest text that is read, in characters, and how deep brackets may stand in each other.
TEXT_LIMIT, DEPTH_LIMIT = 500, 20

#: Which rows are meant, shape (row,).
Mask: TypeAlias = NDArray[np.bool_]

_TOKEN = re.compile(r'"([^"]*)"?|([()])|([^\s()"]+)')

#: A phrase, and whether its last word may go on; or a mark.
_Token: TypeAlias = tuple[str, bool] | str


def meant(text: str, has: Callable[[str, bool], Mask]) -> Mask | None:
    """Find which rows a text means.

    Parameters
    ----------
    text
        As it was typed.
    has
        Gives the rows that hold a phrase; the flag says whether its last word may go on.

    Returns
    -------
    Mask or None
        None if the text asks for nothing.
    """
    tokens = list(_tokens(text[:TEXT_LIMIT]))[::-1]
    found = None
    while tokens:
        found = _both(found, _any_of(tokens, has, 0))
        if tokens:
            tokens.pop()  # a bracket that closes nothing
    return found


def _any_of(tokens: list[_Token], has: Callable[[str, bool], Mask], depth: int) -> Mask | None:
    found = _all_of(tokens, has, depth)
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        more = _all_of(tokens, has, depth)
        found = more if found is None else found if more is None else found | more
    return found


def _all_of(tokens: list[_Token], has: Callable[[str, bool], Mask], depth: int) -> Mask | None:
    found = None
    while tokens and tokens[-1] not in ("OR", ")"):
        found = _both(found, _one(tokens, has, depth))
    return found


def _one(tokens: list[_Token], has: Callable[[str, bool], Mask], depth: int) -> Mask | None:
    match tokens.pop():
        case (phrase, may_go_on):
            return has(phrase, may_go_on)
        case "NOT" if tokens and tokens[-1] not in ("AND", "OR", ")"):
            denied = _one(tokens, has, depth)
            return None if denied is None else ~denied
        case "(":
            found = _any_of(tokens, has, depth + 1) if depth < DEPTH_LIMIT else None
            if tokens and tokens[-1] == ")":
                tokens.pop()
            return found
    return None  # AND says nothing more than standing side by side


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    return other if one is None else one if other is None else one & other


def _tokens(text: str) -> Iterator[_Token]:
    for phrase, bracket, word in _TOKEN.findall(text):
        if bracket or word in ("AND", "OR", "NOT"):
            yield bracket or word
        elif any(one.isalnum() for one in phrase or word):
            yield phrase or word, not phrase
