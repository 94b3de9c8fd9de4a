"""Guest: opens inputs and logs of simulation programs as text."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.request import DataFile


class Text:
    """What a method gets for a text.

    Parameters
    ----------
    file
        Its path, type and name. It is read when it is asked for: a log may be larger than the memory.
    """

    def __init__(self, file: DataFile) -> None:
        self._path = file.path
        self.type = file.type  # "MDP", "MDIN", ...
        self.name = file.name  # what the depositor called it; for messages

    def lines(self) -> Iterator[str]:
        """Give the lines without their ends; bytes that are not UTF-8 become U+FFFD."""
        with open(self._path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                yield line.rstrip("\n")

    @property
    def text(self) -> str:
        """All of it."""
        with open(self._path, encoding="utf-8", errors="replace") as stream:
            return stream.read()


def open_text(files: tuple[DataFile, ...]) -> Text:
    """Open the one file of a text."""
    text = Text(files[-1])
    next(text.lines(), None)  # whether it can be opened is the data's fault, not the method's
    return text
