"""Putting the parts of a run together again, as a method's schema says: the other side of ``split = "frames"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fomrepo.model.methods import ResultField
from fomrepo.model.operations import FrameRange
from fomrepo.site.gate.answers import Answered, Numbers


def halves(frames: FrameRange, n_frames: int) -> tuple[FrameRange, FrameRange] | None:
    """Two parts of the frames that a range means; None where there are not two frames."""
    every = range(n_frames)
    indices = list(every[frames.start : frames.stop : frames.step]) if frames.frames is None else list(frames.frames)
    if len(indices) < 2:
        return None
    middle = (len(indices) + 1) // 2  # unequal parts show a mean that was not weighted
    return FrameRange(frames=tuple(indices[:middle])), FrameRange(frames=tuple(indices[middle:]))


def combined(parts: Sequence[Mapping[str, Answered]], n_frames: Sequence[int]) -> dict[str, Answered]:
    """Join the fields of parts, in order.

    Parameters
    ----------
    parts
        Answers to consecutive ranges of frames.
    n_frames
        How many frames each of them has.
    """
    joined = {}
    for name, first in parts[0].items():
        of_parts = [part[name] for part in parts if name in part]
        if len(of_parts) == len(parts):
            joined[name] = _join(first.field, of_parts, n_frames)
    return joined


def _join(field: ResultField, parts: Sequence[Answered], n_frames: Sequence[int]) -> Answered:
    way = field.combine or ("concat" if field.dims[:1] == ("frame",) else "")
    values = [part.values for part in parts]
    if way == "sum":
        return Answered(field, np.sum(values, axis=0), None)
    if way == "mean":
        return Answered(field, np.average(values, axis=0, weights=n_frames), None)
    if way == "concat":
        axis = field.dims.index("frame") if "frame" in field.dims and field.dims[-1] != "*" else 0
        return Answered(field, np.concatenate(values, axis=axis), _joined_borders(parts))
    return parts[0]  # says the same for all frames; if not, the comparison with one pass may show it


def _joined_borders(parts: Sequence[Answered]) -> Numbers | None:
    """Borders of rows that stand one part after the other."""
    borders = [part.borders for part in parts if part.borders is not None]
    if not borders:
        return None
    lengths = np.concatenate([np.diff(one) for one in borders])
    return np.concatenate([[0], np.cumsum(lengths)])
