"""Guest: the frames that a method iterates over, one by one or in blocks; they also carry the progress."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import MDAnalysis
import numpy as np

from sandbox.failures import ArgumentError, DataError
from sandbox.lattice import lattice_vectors, reduced_boxes
from sandbox.request import FrameRange
from sandbox.whole import WholeMolecules

BLOCK_BYTES = 8 << 20  # fits the cache of a core together with its float64 copy; larger was not faster
UNREADABLE = (OSError, EOFError, ValueError, StopIteration)  # what MDAnalysis' readers raise on damaged frames


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive frames of the run, with the positions of some atoms; read-only. All have a cell, or none."""

    frames: np.ndarray  # (frame,) int64, index in the file
    times: np.ndarray  # (frame,) float64, ps
    positions: np.ndarray  # (frame, atom, xyz) float32, angstrom
    boxes: np.ndarray | None  # (frame, cell) float32, a b c in angstrom, alpha beta gamma in degree; None: no cell

    @property
    def lattices(self) -> np.ndarray:
        """Lattice vectors (frame, vector, xyz), float64, angstrom.

        Raises
        ------
        ArgumentError
            The file has no periodic cell.
        """
        return _lattices(self.boxes, self.frames)

    @property
    def reduced_boxes(self) -> np.ndarray | None:
        """Cells (frame, cell) that span the same lattices, as little skewed as simulation programs want them."""
        return None if self.boxes is None else reduced_boxes(self.boxes)

    @property
    def reduced_lattices(self) -> np.ndarray:
        """Lattice vectors of the reduced cells, as `lattices`: nearest images are among neighbours there."""
        return _lattices(self.reduced_boxes, self.frames)


class Frames:
    """The frames of one run, in the order in which the caller wants them.

    Parameters
    ----------
    universe
        The trajectory; iteration moves it to each frame in turn.
    indices
        (frame,) int64, index of each frame in the file.
    progress
        Called with the number of frames done and of all frames, after each frame.
    """

    def __init__(
        self, universe: MDAnalysis.Universe, indices: np.ndarray, progress: Callable[[int, int], None]
    ) -> None:
        self._universe = universe
        self._progress = progress
        self._times = np.full(len(indices), np.nan)
        self._whole: tuple[MDAnalysis.AtomGroup, WholeMolecules] | None = None  # finding molecules takes 0.5 s
        self.indices = indices
        self.indices.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of frames of this run."""
        return len(self.indices)

    def __iter__(self) -> Iterator[Any]:
        """Move the Universe through the frames; gives MDAnalysis' Timestep of each."""
        for row in range(len(self)):
            yield self._read_row(row)
            self._progress(row + 1, len(self))

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, (frame,) float64, ps; reads the frames that nobody has read yet."""
        held = self._held()
        if held is not None and held.times is not None:
            return held.times[self.indices].astype(np.float64)
        for row in np.flatnonzero(np.isnan(self._times)):
            self._read_row(int(row))
        return self._times.copy()

    def blocks(
        self,
        atoms: MDAnalysis.AtomGroup,
        *,
        whole: bool = False,
        finite: bool = False,
        block_bytes: int = BLOCK_BYTES,
    ) -> Iterator[Block]:
        """Read the frames in blocks, so that algebra runs over many frames at once.

        Parameters
        ----------
        atoms
            A fixed group: its atoms are the same in each frame.
        whole
            Whether to make the molecules of these atoms whole again, by their bonds and each frame's own cell.
        finite
            Whether to refuse coordinates that are no numbers. Comparisons pass over them: who counts wants this.
        block_bytes
            Bytes of positions in one block, at most; a block has at least one frame.

        Raises
        ------
        TypeError
            The group is an updating one. Iterate over the frames one by one instead.
        ArgumentError
            `whole` and there are no bonds or no cell.
        DataError
            A frame has no positions, or `finite` and a coordinate is no number.
        """
        if isinstance(atoms, MDAnalysis.core.groups.UpdatingAtomGroup):
            raise TypeError("blocks() needs a fixed group; for an updating one write: for timestep in frames: ...")
        molecules = self._whole_molecules(atoms) if whole else None
        indices = atoms.ix if molecules is None else molecules.indices
        rows_per_block = max(1, block_bytes // (12 * max(1, len(indices))))
        for first in range(0, len(self), rows_per_block):
            rows = slice(first, min(first + rows_per_block, len(self)))
            for here, positions, boxes in _alike(rows, *self._read_rows(rows, indices)):
                if molecules is not None:
                    positions = molecules.whole(positions, _lattices(boxes, self.indices[here]))
                if finite:
                    _check_finite(positions, atoms, self.indices[here])
                for array in (positions, boxes):
                    if array is not None:
                        array.setflags(write=False)
                yield Block(self.indices[here], self._times[here].copy(), positions, boxes)

    def positions_at(
        self, index: int, atoms: MDAnalysis.AtomGroup, *, whole: bool = False, finite: bool = False
    ) -> np.ndarray:
        """Return the positions (atom, xyz) of one frame of the file, float64, angstrom; it need not be one of the run.

        Parameters
        ----------
        index
            In the file, from 0.
        atoms, whole, finite
            As for `blocks`.
        """
        timestep = self._read(index)
        _check_positions(timestep, index)
        indices, positions = np.array([index]), atoms.positions[None]
        if whole:
            molecules = self._whole_molecules(atoms)
            boxes = None if timestep.dimensions is None else timestep.dimensions[None]
            positions = molecules.whole(timestep.positions[molecules.indices][None], _lattices(boxes, indices))
        if finite:
            _check_finite(positions, atoms, indices)
        return np.asarray(positions[0], np.float64)

    def _whole_molecules(self, atoms: MDAnalysis.AtomGroup) -> WholeMolecules:
        """Return what makes the molecules of these atoms whole; that of the last atoms is kept."""
        if self._whole is None or self._whole[0] != atoms:
            self._whole = atoms, WholeMolecules(atoms)
        return self._whole[1]

    def _read_rows(self, rows: slice, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read positions (frame, atom, xyz) and boxes (frame, cell) of some rows; zeros where a frame has no cell."""
        held = self._held()
        if held is not None:
            return self._take_rows(held, rows, indices)
        positions = np.empty((rows.stop - rows.start, len(indices), 3), np.float32)
        boxes = np.zeros((len(positions), 6), np.float32)
        wanted = _as_slice(indices)
        for place, row in enumerate(range(rows.start, rows.stop)):
            timestep = self._read_row(row)
            _check_positions(timestep, int(self.indices[row]))
            positions[place] = timestep.positions[wanted]
            if timestep.dimensions is not None:
                boxes[place] = timestep.dimensions
            self._progress(row + 1, len(self))
        return positions, boxes

    def _held(self) -> Any:
        """Return the decoded frames in memory, where they are what the trajectory would give."""
        trajectory = self._universe.trajectory
        held = getattr(trajectory, "held", None)
        usable = held is not None and held.all_have_positions() and not trajectory.transformations
        return held if usable else None

    def _take_rows(self, held: Any, rows: slice, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take rows from memory: a view where all atoms of consecutive frames are wanted, else a copy of its layout."""
        frames, atoms = _as_slice(self.indices[rows]), _as_slice(indices)
        if isinstance(frames, slice) and isinstance(atoms, slice):
            positions = np.ascontiguousarray(held.positions[frames, atoms])
        elif isinstance(frames, slice):
            positions = held.positions[frames].take(indices, axis=1)
        else:
            positions = held.positions[frames[:, None], indices]
        boxes = held.boxes[frames]
        if held.times is not None:
            self._times[rows] = held.times[frames]
        self._read_row(rows.stop - 1)  # where reading one by one leaves the Universe
        self._progress(rows.stop, len(self))
        return positions, boxes

    def _read_row(self, row: int) -> Any:
        """Move the Universe to one frame of the run and note its time."""
        timestep = self._read(int(self.indices[row]))
        self._times[row] = timestep.time
        return timestep

    def _read(self, index: int) -> Any:
        """Move the Universe to one frame of the file."""
        try:
            return self._universe.trajectory[index]
        except UNREADABLE as error:
            raise DataError(f"frame {index} cannot be read: {error}") from error


def frame_indices(wanted: FrameRange, n_frames: int) -> np.ndarray:
    """Return the indices that a range means, as MDAnalysis' `run(start, stop, step, frames)` has them.

    A `stop` beyond the end is the end. `frames` may hold indices, negative ones counting from the end, or one truth
    value for each frame.

    Raises
    ------
    ArgumentError
        The range is no range, names frames that are not there, or is empty.
    """
    if wanted.frames is not None:
        if (wanted.start, wanted.stop, wanted.step) != (None, None, None):
            raise ArgumentError("frames= cannot be combined with start=, stop= or step=")
        indices = _listed_indices(wanted.frames, n_frames)
    else:
        if wanted.step == 0:
            raise ArgumentError("step=0 reaches no frame; give step=1 or leave it out")
        if wanted.start is not None:
            check_frame("start", wanted.start, n_frames)
        indices = np.arange(n_frames, dtype=np.int64)[wanted.start : wanted.stop : wanted.step]
    if not len(indices):
        given = {"start": wanted.start, "stop": wanted.stop, "step": wanted.step}
        asked = ", ".join(f"{name}={value}" for name, value in given.items() if value is not None) or "frames="
        raise ArgumentError(f"{asked} selects no frame; the file has {n_frames} frames")
    return indices.copy()


def check_frame(name: str, index: int, n_frames: int) -> int:
    """Return the index counted from the first frame.

    Raises
    ------
    ArgumentError
        There is no such frame.
    """
    if not -n_frames <= index < n_frames:
        raise ArgumentError(f"{name}={index} is beyond the {n_frames} frames; the last one is {n_frames - 1}")
    return index % n_frames


def _lattices(boxes: np.ndarray | None, indices: np.ndarray) -> np.ndarray:
    """Return lattice vectors (frame, vector, xyz), or refuse frames without a cell."""
    if boxes is None:
        raise ArgumentError(
            f"frame {indices[0]} has no periodic cell; ask for the same without periodic or whole, "
            "or leave such frames out by frames="
        )
    return lattice_vectors(boxes)


def _check_positions(timestep: Any, index: int) -> None:
    """Raise where a frame of a TRR or H5MD has velocities or forces alone."""
    if not timestep.has_positions:
        raise DataError(f"frame {index} has no positions; leave such frames out by frames=, or by step=")


def _alike(
    rows: slice, positions: np.ndarray, boxes: np.ndarray
) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
    """Cut rows where frames with a cell meet frames without: what has one is never treated as if it had none."""
    periodic = (boxes[:, :3] != 0.0).any(axis=1)
    borders = [0, *(np.flatnonzero(periodic[1:] != periodic[:-1]) + 1).tolist(), len(periodic)]
    for first, last in itertools.pairwise(borders):
        here = slice(rows.start + first, rows.start + last)
        yield here, positions[first:last], boxes[first:last] if periodic[first] else None


def _check_finite(positions: np.ndarray, atoms: MDAnalysis.AtomGroup, indices: np.ndarray) -> None:
    """Raise where positions (frame, atom, xyz) are no numbers, and name the first."""
    numbers = np.isfinite(positions)
    if not numbers.all():
        frame, atom, _ = np.argwhere(~numbers)[0]
        raise DataError(
            f"frame {indices[frame]} has no position of the atom with index {atoms.ix[atom]}: its coordinates are no "
            "numbers; leave such frames out by frames=, or the atom by another selection"
        )


def _listed_indices(frames: tuple[int, ...] | tuple[bool, ...], n_frames: int) -> np.ndarray:
    """Return the indices that a list of indices or of truth values means."""
    if frames and all(isinstance(item, bool) for item in frames):
        if len(frames) != n_frames:
            raise ArgumentError(f"frames= has {len(frames)} truth values; the trajectory has {n_frames} frames")
        return np.flatnonzero(np.array(frames)).astype(np.int64)
    beyond = next((index for index in frames if not -n_frames <= index < n_frames), None)
    if beyond is not None:
        raise ArgumentError(f"frames= lists {beyond}; the file has {n_frames} frames, the last one is {n_frames - 1}")
    return np.array(frames, dtype=np.int64) % n_frames


def _as_slice(indices: np.ndarray) -> slice | np.ndarray:
    """Return a slice where the indices are consecutive: copying it is several times faster."""
    if len(indices) and np.all(np.diff(indices) == 1):
        return slice(int(indices[0]), int(indices[-1]) + 1)
    return indices
