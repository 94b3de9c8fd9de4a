"""Guest: frames that one child decodes and others get as bytes, so that several methods read a file in one pass.

The bytes are windows of consecutive frames of the run, one after the other, laid out as decoded frames are
(`hold_frames`). Both ends know the run and the file, so nothing else is said. Whoever wants a frame that is not in the
stream, or no longer, reads it from the file: the stream saves time and decides nothing.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from MDAnalysis.coordinates.DCD import DCDReader

from sandbox.hold_frames import FrameForm, HeldFrames

WINDOW_BYTES = 4 << 20  # of positions, velocities and forces; a window has at least one frame


class FrameStream:
    """The frames of a run as they are sent.

    Parameters
    ----------
    reader
        MDAnalysis reader at its first frame, of a file that is open in this process alone.
    indices
        (frame,) int64, index of each frame in the file.

    Raises
    ------
    UnevenFramesError
        The first frame carries something that is no number.
    """

    def __init__(self, reader: Any, indices: np.ndarray) -> None:
        self._reader = reader
        self._indices = indices
        self._form = FrameForm.of(reader.ts)

    def __len__(self) -> int:
        """Return the number of bytes."""
        return sum(self._form.layout(len(window))[1] for window in _windows(self._form, self._indices))

    def chunks(self) -> Iterator[bytearray]:
        """Decode window by window; raises as the reader does, or `UnevenFramesError`."""
        for window in _windows(self._form, self._indices):
            content = bytearray(self._form.layout(len(window))[1])
            frames = HeldFrames(self._form, len(window), content)
            for place, index in enumerate(window.tolist()):
                frames.put(place, self._reader[index])
            yield content


def follow(reader: Any, indices: np.ndarray, stream: BinaryIO) -> None:
    """Let a reader take frames from a stream where they come in the order of the run, and from its file otherwise.

    Parameters
    ----------
    reader
        MDAnalysis reader at its first frame, of a file that is open in this process alone.
    indices
        As the sender has them.
    stream
        Where the bytes come; its end may come early.
    """
    reader.following = _Following(FrameForm.of(reader.ts), indices, stream)
    own = type(reader)
    reader.__class__ = types.new_class(own.__name__, (_Follows, own))


class _Following:
    """The receiving end: holds one window."""

    def __init__(self, form: FrameForm, indices: np.ndarray, stream: BinaryIO) -> None:
        self._form = form
        self._coming = _windows(form, indices)
        self._next = next(self._coming, None)
        self._stream = stream
        self._places: dict[int, int] = {}
        self._held: HeldFrames | None = None

    def fill(self, index: int, timestep: Any) -> bool:
        """Give a Timestep a frame of the file; False if it is not here."""
        while index not in self._places and self._next is not None:
            if index != self._next[0] and not self._places.keys() >= set(self._next.tolist()):
                break  # it is not its turn
            self._receive(self._next)
        if self._held is None or index not in self._places:
            return False
        self._held.fill(self._places[index], timestep)
        timestep.frame = index
        return True

    def _receive(self, window: np.ndarray) -> None:
        """Take the next window in the place of this one."""
        content = bytearray(self._form.layout(len(window))[1])
        self._held, self._places, self._next = None, {}, None
        if self._stream.readinto(content) == len(content):
            self._held = HeldFrames(self._form, len(window), content)
            self._places = {index: place for place, index in enumerate(window.tolist())}
            self._next = next(self._coming, None)


class _Follows:
    """Overrides what of a reader goes to its file."""

    following: _Following
    ts: Any
    _strayed = False  # whether the file stands elsewhere than the Timestep

    def _read_frame(self, frame: int) -> Any:
        timestep = self.ts.copy() if isinstance(self, DCDReader) else self.ts  # as its own reader does
        if self.following.fill(frame, timestep):
            self._strayed = True
            self.ts = timestep
            return timestep
        self._strayed = False
        return super()._read_frame(frame)

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self._strayed:
            self._strayed = False
            super()._read_frame(self.ts.frame)
        return super()._read_next_timestep(ts)

    def _reopen(self) -> None:
        self._strayed = False
        super()._reopen()


def _windows(form: FrameForm, indices: np.ndarray) -> Iterator[np.ndarray]:
    """Cut the frames of a run into windows."""
    length = max(1, WINDOW_BYTES // max(1, form.atom_bytes()))
    for first in range(0, len(indices), length):
        yield indices[first : first + length]
