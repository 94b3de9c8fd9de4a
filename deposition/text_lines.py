"""Guest: reads a hostile text file line by line; no line can fill the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deposition.report import Deposited, unreadable

LINE_LIMIT_BYTES = 4096  # the formats here have lines of 80 to 200 characters


def lines(file: Deposited, *, limit_bytes: int = LINE_LIMIT_BYTES) -> Iterator[str]:
    """Give the lines without their ends.

    Parameters
    ----------
    file
        What is read.
    limit_bytes
        The longest line that there may be.

    Raises
    ------
    Refusal
        `unreadable`: a line is too long for a text of this kind, or has a zero byte.
    """
    with open(file.path, "rb") as stream:
        number = 0
        while line := stream.readline(limit_bytes + 1):
            number += 1
            if len(line) > limit_bytes:
                raise unreadable(file, f"line {number} is longer than {limit_bytes} bytes")
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            if b"\0" in line or b"\r" in line:  # some readers end a line at a return, others do not
                raise unreadable(file, f"line {number} has a zero byte or a return in it: this is no text")
            yield line.decode("utf-8", "replace")


def count_changes(keys: Iterable[Sequence[object]]) -> int:
    """Return how often a key differs from the one before, counting the first: residues along a list of atoms."""
    previous, count = None, 0
    for key in keys:
        if key != previous:
            previous, count = key, count + 1
    return count


def doubt_missing_end(file: Deposited, doubts: list[str]) -> None:
    """Doubt a text whose last line has no end: most programs write one, and a file that was cut has lost it."""
    with open(file.path, "rb") as stream:
        stream.seek(-1, 2)
        if stream.read(1) not in (b"\n", b"\r"):
            doubts.append("its last line does not end: it may be cut")
