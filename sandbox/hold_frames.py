"""Guest: all frames of a trajectory in one piece of memory: how they lie in it, and how they come in and out."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SECTION_ALIGNMENT = mmap.PAGESIZE
SCALARS = (int, float, bool, np.generic)


class UnevenFramesError(Exception):
    """The frames do not all carry the same things, so they cannot lie in arrays."""


@dataclass(frozen=True, slots=True)
class FrameData:
    """One entry of a Timestep's `data` that every frame has."""

    key: str
    type: type  # of a scalar, as the file's own reader gives it; numpy.ndarray for an array
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FrameForm:
    """What each frame of a trajectory carries."""

    n_atoms: int
    velocities: bool
    forces: bool
    data: tuple[FrameData, ...]

    @classmethod
    def of(cls, timestep: Any) -> FrameForm:
        """Read it off a frame.

        Raises
        ------
        UnevenFramesError
            The frame carries something that is no number.
        """
        data = tuple(_frame_data(key, value) for key, value in sorted(timestep.data.items()))
        return cls(timestep.n_atoms, timestep.has_velocities, timestep.has_forces, data)

    def sections(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Give name, dtype and shape of what there is of each frame."""
        yield "positions", "<f4", (self.n_atoms, 3)
        yield "boxes", "<f4", (6,)  # zeros: no cell
        yield "has", "|u1", (3,)  # whether the frame has positions, velocities, forces
        if self.velocities:
            yield "velocities", "<f4", (self.n_atoms, 3)
        if self.forces:
            yield "forces", "<f4", (self.n_atoms, 3)
        for each in self.data:
            yield f"data:{each.key}", each.dtype, each.shape

    def atom_bytes(self) -> int:
        """Bytes of a frame's positions, velocities and forces; all else is small beside them."""
        return 12 * self.n_atoms * (1 + self.velocities + self.forces)

    def layout(self, n_frames: int) -> tuple[list[tuple[str, str, tuple[int, ...], int]], int]:
        """Return name, dtype, shape and offset of each section for so many frames, and the bytes of all."""
        placed, end = [], 0
        for name, dtype, shape in self.sections():
            placed.append((name, dtype, (n_frames, *shape), end))
            end += int(np.prod((n_frames, *shape), dtype=np.int64)) * np.dtype(dtype).itemsize
            end += -end % SECTION_ALIGNMENT
        return placed, end


class HeldFrames:
    """Frames in memory.

    Parameters
    ----------
    form, n_frames
        What there is.
    memory
        A mapping of at least as many bytes as the layout has; frames can be put only where it is writable.
    """

    def __init__(self, form: FrameForm, n_frames: int, memory: mmap.mmap | memoryview | bytes | bytearray) -> None:
        self._form = form
        self.n_frames = n_frames
        self._sections = {
            name: np.frombuffer(memory, dtype, int(np.prod(shape, dtype=np.int64)), offset).reshape(shape)
            for name, dtype, shape, offset in form.layout(n_frames)[0]
        }
        self.positions = self._sections["positions"]  # (frame, atom, xyz), angstrom
        self.boxes = self._sections["boxes"]  # (frame, cell); zeros where there is no cell
        self.times = self._sections.get("data:time")  # (frame,), ps; None: a Timestep works them out itself
        self._has = self._sections["has"]

    def put(self, frame: int, timestep: Any) -> None:
        """Keep what a file's own reader gave.

        Raises
        ------
        UnevenFramesError
            The frame carries something that the first one did not.
        """
        form = FrameForm.of(timestep)
        if form.data != self._form.data or form.velocities > self._form.velocities or form.forces > self._form.forces:
            raise UnevenFramesError(f"frame {frame} carries other things than the first one")
        has = (timestep.has_positions, timestep.has_velocities, timestep.has_forces)
        self._has[frame] = has
        for name, there in zip(("positions", "velocities", "forces"), has, strict=True):
            if there:
                self._sections[name][frame] = getattr(timestep, name)
        self.boxes[frame] = 0.0 if timestep.dimensions is None else timestep.dimensions
        for each in self._form.data:
            self._sections[f"data:{each.key}"][frame] = timestep.data[each.key]

    def fill(self, frame: int, timestep: Any) -> None:
        """Give a Timestep what the file's own reader would give it; in arrays of its own, which may be written."""
        timestep.frame = frame
        has_positions, has_velocities, has_forces = self._has[frame].tolist()
        timestep.has_positions, timestep.has_velocities, timestep.has_forces = has_positions, has_velocities, has_forces
        if has_positions:
            timestep.positions = self.positions[frame]
        if has_velocities:
            timestep.velocities = self._sections["velocities"][frame]
        if has_forces:
            timestep.forces = self._sections["forces"][frame]
        timestep.dimensions = self.boxes[frame]
        for each in self._form.data:
            value = self._sections[f"data:{each.key}"][frame]
            timestep.data[each.key] = value.copy() if each.type is np.ndarray else each.type(value)

    def all_have_positions(self) -> bool:
        """Whether there are coordinates in each frame; a TRR may leave them out."""
        return bool(self._has[:, 0].all())


def _frame_data(key: str, value: Any) -> FrameData:
    """Describe one entry of a Timestep's `data`."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not isinstance(value, (np.ndarray, *SCALARS)):
        raise UnevenFramesError(f"{key!r} of a frame is no number")
    return FrameData(key, type(value), array.dtype.str, array.shape)
