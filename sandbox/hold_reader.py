"""Guest: what becomes of a trajectory's reader in a holder: it reads from memory, or lets its file go until a fork.

A file handle must never be shared by processes: they would move each other's place in the file, and each would read
wrong frames without noticing.
"""

from __future__ import annotations

import errno
import types
from typing import Any

import numpy as np
from MDAnalysis.coordinates.base import ProtoReader, SingleFrameReaderBase
from MDAnalysis.coordinates.DCD import DCDReader

from sandbox.hold_frames import HeldFrames


def reads_once(reader: Any) -> bool:
    """Whether the whole file is in the reader already, as that of a GRO file is."""
    return isinstance(reader, SingleFrameReaderBase)


def let_go(reader: Any) -> None:
    """Close the reader's file, keeping what is known of it."""
    if hasattr(reader, "keep_offsets"):
        reader.keep_offsets()
    reader.close()


def open_again(reader: Any) -> None:
    """Open the file that was let go, in this process alone, as it is when it has just been opened."""
    reader._reopen()
    reader[0]


def read_from_memory(reader: Any, frames: HeldFrames) -> None:
    """Let a reader whose file was let go take its frames from memory from now on."""
    own = type(reader)
    reader.held = frames
    reader._frame = 0
    reader.__class__ = types.new_class(own.__name__, (_FromMemory, own))


class _FromMemory:
    """Overrides what of a reader would touch its file."""

    held: HeldFrames
    ts: Any
    _frame: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.held.n_frames

    def close(self) -> None:
        """There is no file."""

    def copy(self) -> Any:
        """Return a reader with a place and a Timestep of its own."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.ts = self.ts.copy()
        new._transformations = list(self.transformations)
        new._auxs = {name: auxiliary.copy() for name, auxiliary in self._auxs.items()}
        return new

    def timeseries(
        self,
        asel: Any = None,
        atomgroup: Any = None,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        order: str | None = None,
    ) -> np.ndarray:
        """Return coordinates of many frames, in the order and the memory layout of the file's own reader."""
        if not isinstance(self, DCDReader):
            return ProtoReader.timeseries(self, asel, atomgroup, start, stop, step, order or "fac")
        series = ProtoReader.timeseries(self, asel, atomgroup, start, stop, step, order or "afc")
        return np.ascontiguousarray(series)

    def _reopen(self) -> None:
        self.ts.frame = 0
        self._frame = -1

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self._frame == self.n_frames - 1:
            raise OSError(errno.EIO, "trying to go over trajectory limit")
        return self._read_frame(self._frame + 1, ts)

    def _read_frame(self, frame: int, ts: Any = None) -> Any:
        if ts is None:  # this reader gives each frame a Timestep of its own
            ts = self.ts.copy() if isinstance(self, DCDReader) else self.ts
        self.held.fill(frame, ts)
        self._frame = frame
        self.ts = ts
        return ts
