"""Guest: checks that several formats share: times, cells and coordinates, with the doubts that they give rise to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deposition.report import Deposited, unreadable

LONGEST_FRAME_STEP_PS = 1e6  # a microsecond between frames; one real library reads 6,000,000 ps where 6 ps are meant
LARGEST_COORDINATE = 1e6  # angstrom; 0.1 mm: no simulated molecule gets there
SAMPLE_BYTES = 256 << 20  # coordinates looked at in one probe: seconds of work, whole trajectories in most cases
READ_AGAIN_BYTES = 512 << 20  # a larger file may have left the page cache when frames of it are looked at
JUMP_BYTES = 64 << 20  # of such a file, for each frame: a disk reads a mebibyte ahead of it, which is 1.6 % then
FEWEST_SAMPLED_FRAMES = 3  # the first, the middle, the last


def time_facts(times: np.ndarray, doubts: list[str]) -> dict[str, Any]:
    """Return first time, frame step and total time, and add what looks wrong to the doubts.

    Parameters
    ----------
    times
        (frame,), ps, of all frames in file order; at least one.
    """
    first = float(times[0])
    if not np.all(np.isfinite(times)):
        doubts.append("some frames have no finite time")
        return {}
    found = {"first_time": _ps(first)}
    if len(times) == 1:
        return found
    steps = np.diff(times.astype(np.float64))
    step = float(steps[0])
    if np.all(steps == 0.0):
        doubts.append("all frames carry the same time: the frame step is unknown")
        return found
    if np.any(steps <= 0.0):
        frame = int(np.argmax(steps <= 0.0)) + 1
        doubts.append(f"time does not increase at frame {frame}: {times[frame - 1]:g} ps, then {times[frame]:g} ps")
    # Times are stored as float32 in most formats: their spacing sets how even steps can look.
    elif np.ptp(steps) > 4.0 * float(np.spacing(np.float32(np.abs(times).max()))):
        doubts.append(f"frames are not evenly spaced in time: steps from {steps.min():g} to {steps.max():g} ps")
    doubt_long_step(step, doubts)
    return {**found, "dt": _ps(step), "total_time": _ps(float(times[-1]) - first)}


def even_time_facts(first: float, step: float, n_frames: int, doubts: list[str]) -> dict[str, Any]:
    """Return the same from a header that states one frame step for all frames, in ps."""
    if not (np.isfinite(step) and np.isfinite(first)) or step <= 0.0:
        doubts.append(f"the header states a frame step of {step:g} ps: the real one is unknown")
        return {}
    doubt_long_step(step, doubts)
    return {"first_time": _ps(first), "dt": _ps(step), "total_time": _ps(step * (n_frames - 1))}


def doubt_long_step(step: float, doubts: list[str]) -> None:
    """Doubt a frame step that no simulation has."""
    if step > LONGEST_FRAME_STEP_PS:
        doubts.append(f"a frame step of {step:g} ps is more than a microsecond: its unit may be wrong")


def box_fact(lengths: Sequence[float], angles: Sequence[float], doubts: list[str]) -> dict[str, Any] | None:
    """Return the cell in angstrom and degree, or None where there is none."""
    values = [float(value) for value in (*lengths, *angles)]
    if not any(values[:3]):
        return None
    possible = all(np.isfinite(values)) and min(values[:3]) > 0.0 and all(0.0 < angle < 180.0 for angle in values[3:])
    if not possible:
        doubts.append("the periodic cell of the first frame has impossible lengths or angles")
        return None
    rounded = [round(value, 5) for value in values]
    return {"lengths": rounded[:3], "angles": rounded[3:], "unit": "angstrom"}


def box_of_vectors(vectors: np.ndarray, doubts: list[str]) -> dict[str, Any] | None:
    """Return the cell of three lattice vectors (vector, xyz) in angstrom."""
    vectors = vectors.astype(np.float64)
    lengths = np.sqrt((vectors**2).sum(axis=1))
    if not np.all(lengths > 0.0):  # zero vectors, or NaN
        return box_fact(lengths, (90.0, 90.0, 90.0), doubts) if np.any(lengths) else None
    cosines = [vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    return box_fact(lengths, np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))), doubts)


class CoordinateCheck:
    """Looks at the coordinates of all frames, or of an even sample of them where there are too many.

    Parameters
    ----------
    file
        For messages.
    doubts
        Where to add what looks wrong.
    """

    def __init__(self, file: Deposited, doubts: list[str]) -> None:
        self._file = file
        self._doubts = doubts
        self._doubted = False
        self._asked_bytes = 0
        self._skipped = False

    def wants(self, n_atoms: int) -> bool:
        """Tell whether the next frame of a text, whose frames nobody has counted yet, is to be read or skipped."""
        self._asked_bytes += 12 * n_atoms
        if self._asked_bytes > SAMPLE_BYTES and not self._skipped:
            self._skipped = True
            self._doubts.append("coordinates were checked in the first frames only")
        return not self._skipped

    def sampled(self, n_frames: int, n_atoms: int, *, most: int | None = None) -> Iterator[int]:
        """Give the frames to look at, at most so many, and say in a doubt if these are not all."""
        fitting = SAMPLE_BYTES // (12 * n_atoms)
        if self._file.size > READ_AGAIN_BYTES:
            fitting = min(fitting, self._file.size // JUMP_BYTES)
        count = min(n_frames, max(FEWEST_SAMPLED_FRAMES, fitting), most or n_frames)
        if count < n_frames:
            self._doubts.append(f"coordinates were checked in {count} of {n_frames} frames")
        yield from np.unique(np.linspace(0, n_frames - 1, count).round().astype(np.int64)).tolist()

    def look_at(self, positions: np.ndarray, frame: int) -> None:
        """Check the positions of one frame, in angstrom, any shape.

        Raises
        ------
        Refusal
            `unreadable`: a coordinate is no number.
        """
        lowest, highest = float(positions.min()), float(positions.max())  # NaN, if any, ends up in both
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise unreadable(self._file, f"frame {frame} has coordinates that are not finite numbers")
        farthest = max(-lowest, highest)
        if farthest > LARGEST_COORDINATE and not self._doubted:
            self._doubted = True
            self._doubts.append(f"frame {frame} has a coordinate of {farthest:.3g} angstrom")


def _ps(value: float) -> dict[str, Any]:
    """Return a duration with its unit; rounding drops what float32 made up."""
    return {"value": float(f"{value:.9g}"), "unit": "ps"}
