"""Guest: reads a hostile binary file; each read is checked against the size before anything is allocated."""

from __future__ import annotations

import os
from types import TracebackType

import numpy as np

from deposition.report import Deposited, truncated

TOLD_EVERY_BYTES = 1 << 20  # more often than whoever reads the same file beside this has to know


class GuardedFile:
    """A deposited file, open for reading at any place.

    Parameters
    ----------
    file
        Its path and name. The size is taken from the file itself.
    """

    def __init__(self, file: Deposited) -> None:
        self._file = file
        self._descriptor = os.open(file.path, os.O_RDONLY)
        self.size = os.fstat(self._descriptor).st_size
        self._next_told = 0

    def __enter__(self) -> GuardedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def at(self, offset: int, count: int, what: str) -> bytes:
        """Return `count` bytes from `offset` on.

        Raises
        ------
        Refusal
            `truncated`: the file ends before; `what` says what was wanted.
        """
        if self._file.told is not None and offset >= self._next_told:
            self._next_told = offset + TOLD_EVERY_BYTES
            self._file.told(offset)
        if offset < 0 or count < 0 or offset + count > self.size:
            raise truncated(self._file, f"{what} needs bytes {offset} to {offset + count}, the file has {self.size}")
        data = os.pread(self._descriptor, count, offset)
        while len(data) < count:  # one read gives at most 2 GiB
            more = os.pread(self._descriptor, count - len(data), offset + len(data))
            if not more:
                raise truncated(self._file, f"{what} ended at byte {offset + len(data)}")
            data += more
        return data

    def array_at(self, offset: int, dtype: str, count: int, what: str) -> np.ndarray:
        """Return `count` numbers from `offset` on, read-only."""
        return np.frombuffer(self.at(offset, count * np.dtype(dtype).itemsize, what), dtype)
