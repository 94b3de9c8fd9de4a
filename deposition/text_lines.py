"""Guest: reads a hostile text file line by line; no line can fill the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deposition.report import Deposited, unreadable

LINE_LIMIT_BYTES = 4096  # the formats here have lines of 80 to 200 characters


def lines(file: Deposited) -> Iterator[str]:
    """Give the lines without their ends.

    Raises
    ------
    Refusal
        `unreadable`: a line is too long for a text of this kind, or has a zero byte.
    """
    with open(file.path, "rb") as stream:
        number = 0
        while line := stream.readline(LINE_LIMIT_BYTES + 1):
            number += 1
            if len(line) > LINE_LIMIT_BYTES:
                raise unreadable(file, f"line {number} is longer than {LINE_LIMIT_BYTES} bytes")
            if b"\0" in line:
                raise unreadable(file, f"line {number} has a zero byte: this is no text")
            yield line.decode("utf-8", "replace").rstrip("\r\n")


def count_changes(keys: Iterable[Sequence[object]]) -> int:
    """Return how often a key differs from the one before, counting the first: residues along a list of atoms."""
    previous, count = None, 0
    for key in keys:
        if key != previous:
            previous, count = key, count + 1
    return count
