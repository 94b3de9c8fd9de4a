"""What changed from one version of a method to the next, for people to read before they sign it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from fomrepo.model.methods import Bundle

#: Lines around a change that are shown with it.
CONTEXT_LINES = 5


def file_differences(new: Bundle, previous: Bundle | None) -> Iterator[str]:
    """Lines of a unified diff over all files of a bundle; without a version before it, every line is new."""
    for _, lines in differences_by_file(new, previous):
        yield from lines


def differences_by_file(new: Bundle, previous: Bundle | None) -> Iterator[tuple[str, Iterator[str]]]:
    """Path and unified diff of each file that is new, gone or another.

    No line of a file can be taken for the head of another file's: the heads are the first two lines of each diff.
    """
    before = {} if previous is None else previous.files
    for path in sorted({*new.files, *before}):
        if new.files.get(path) == before.get(path):
            continue
        lines = difflib.unified_diff(
            _lines(before.get(path, b"")),
            _lines(new.files.get(path, b"")),
            f"a/{path}" if path in before else "/dev/null",
            f"b/{path}" if path in new.files else "/dev/null",
            n=CONTEXT_LINES,
            lineterm="",
        )
        yield path, lines


def schema_differences(new: Bundle, previous: Bundle) -> Iterator[str]:
    """One line for each key of ``method.toml`` that is new, gone or another: ``limits.wall_s: 600 -> 900``."""
    now, before = dict(_flat(new.schema.source)), dict(_flat(previous.schema.source))
    for key in sorted({*now, *before}):
        if key not in before:
            yield f"{key}: new, {now[key]!r}"
        elif key not in now:
            yield f"{key}: gone, was {before[key]!r}"
        elif now[key] != before[key]:
            yield f"{key}: {before[key]!r} -> {now[key]!r}"


def visible(text: str) -> str:
    """Text in which every character can be seen: none moves a cursor, hides a line or turns the way of writing."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else f"\\u{ord(one):04x}" if one != "\r" else "\\r" for one in text
    )


def _lines(content: bytes) -> list[str]:
    """Lines as an editor shows them; bytes that are no text are spelt out."""
    *lines, last = visible(content.decode(errors="backslashreplace")).split("\n")
    return [*lines, last, "\\ no new line at the end"] if last else lines


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flat(one, f"{key}.{name}".strip("."))
    else:
        yield key, value
