"""Entries of a parsed TOML table, each refused with where it stands, what is wrong and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fomrepo.errors import BundleRefusedError

#: Most characters of a stranger's text that a refusal repeats.
SHOWN_LIMIT = 200


def table_of(
    source: Mapping[str, Any], key: str, default: dict[str, Any] | None = None, *, where: str = ""
) -> dict[str, Any]:
    """Return the table under a key; `where` is the table that has it."""
    value = source.get(key, default)
    if not isinstance(value, dict):
        path = f"{where}.{key}".strip(".")
        raise wrong(path, "it is missing or no table", f"write [{path}]")
    return value


def tables_of(source: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """Return the tables of an array."""
    value = source.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong(key, "it is no list of tables", f"write [[{key}]]")
    return tuple(value)


def text_of(source: Mapping[str, Any], key: str, longest: int, default: str | None = None, *, where: str = "") -> str:
    """Return a text; without a default it must not be empty."""
    value = source.get(key, default)
    if not isinstance(value, str) or len(value) > longest or (default is None and not value.strip()):
        raise wrong(
            f"{where}.{key}".strip("."),
            "it is missing, empty or too long",
            f"write a text of at most {longest} characters",
        )
    return value


def match_of(source: Mapping[str, Any], key: str, pattern: re.Pattern[str], wanted: str) -> str:
    """Return a text that matches a pattern."""
    value = source.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise wrong(key, f"{value!r} cannot stand here" if key in source else "it is missing", f"write {wanted}")
    return value


def bound_of(entry: Mapping[str, Any], key: str, where: str) -> float | None:
    """Return a number, or None where there is none."""
    value = entry.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise wrong(f"{where}.{key}", f"{value!r} is no number", "give a number")
    return value


def count_of(entry: Mapping[str, Any], key: str, where: str) -> int | None:
    """Return a whole number from 0, or None where there is none."""
    value = entry.get(key)
    if value is not None and (type(value) is not int or value < 0):
        raise wrong(f"{where}.{key}", f"{value!r} is no count", "give a whole number")
    return value


def are_texts(value: object) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def check_known(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    """Raise where a table has a key that means nothing."""
    if unknown := sorted(set(entry) - known):
        error = wrong(where, f"it has a key {unknown[0]!r} that means nothing", f"use {', '.join(sorted(known))}")
        error.facts["key"] = unknown[0] if where == "method.toml" else f"{where}.{unknown[0]}"
        raise error


def wrong(where: str, what: str, remedy: str) -> BundleRefusedError:
    """Make the refusal of what stands under a key."""
    where, what = where[:SHOWN_LIMIT], what if len(what) <= SHOWN_LIMIT else f"{what[:SHOWN_LIMIT]}..."
    return BundleRefusedError(f"{where}: {what}", remedy=remedy, facts={"key": where})
