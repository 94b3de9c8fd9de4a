"""Results as lines that a page draws: points with their axes and units, and which frame each point is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fomrepo.browser.spelling import axis_text, unit_sign
from fomrepo.client.results.plots import (
    INSTEAD,
    axis_label,
    can_be_drawn,
    drawn_fields,
    edges_of,
    is_image,
    line_labels,
    place_of,
    places_of,
)
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError

#: Points of a line that are sent; of longer ones every n-th, which a screen cannot show anyway.
POINTS_LIMIT = 4_000
#: Lines of one plot, and plots of one result; what is left out is in the files that a result is taken away as.
LINES_LIMIT, PLOTS_LIMIT = 6, 6


def line_plots(result: Result) -> list[list[str]]:
    """Fields that are drawn as lines: those of one plot together, the one that the method is about first.

    Fields share a plot that are over the same axis in the same unit.
    """
    fields, first = result.to_dict(), first_drawn(result)
    if not first:
        return []
    groups = {} if is_image(result, first[0]) else {_kind(result, first[0]): first}
    places, axis = places_of(result), result.dims[first[0]][0]
    for name, value in fields.items() if result.result_type == "TimeSeries" else ():
        if name in places or name in first or not can_be_drawn(value) or is_image(result, name):
            continue
        if value.ndim == 1 and value.dtype.kind in "fiu" and result.dims[name] == (axis,):
            groups.setdefault(_kind(result, name), []).append(name)
    return list(groups.values())[:PLOTS_LIMIT]


def first_drawn(result: Result) -> list[str]:
    """Fields that ``r.plot()`` draws; none where nothing is to be seen in them.

    Fields of a Composite are drawn only over an axis of which another one says where its entries are, with a unit.
    """
    if result.result_type in INSTEAD:
        return []
    try:
        found = drawn_fields(result)
    except ArgumentError:
        return []
    place = place_of(result, result.dims[found[0]][0]) or ""
    return found if result.result_type != "Composite" or result.units.get(place) else []


def points_of(result: Result, names: list[str]) -> dict[str, Any]:
    """Points of the fields of one plot.

    Returns
    -------
    dict
        ``x`` and ``x_label``; ``y_label``; ``lines``, each with its ``name``, ``unit`` and ``y``; ``frames``, the index
        in the file of the frame that each point is of, None where points are of no frames.
    """
    axis = result.dims[names[0]][0]
    place, edges = place_of(result, axis), None
    fields = result.to_dict()
    count = len(fields[names[0]])
    step = -(-count // POINTS_LIMIT) or 1
    x: npt.NDArray[Any] = np.arange(0, count, step, dtype=np.float64)
    if place is not None:
        x = np.asarray(fields[place][::step], np.float64)
    elif (edges := edges_of(result)) is not None:
        sides = np.asarray(fields[edges], np.float64)
        x = ((sides[1:] + sides[:-1]) / 2)[::step]
    of_frames = result.result_type == "TimeSeries" and axis == "frame"
    lines = [one for name in names for one in _lines(result, name, step)][:LINES_LIMIT]
    return {
        "title": result.schema.summary,
        "method": f"{result.method} {result.version}",
        "x": _numbers(x),
        "x_label": axis_text(axis_label(result, edges or place or axis)),
        "y_label": axis_text(axis_label(result, names[0]))
        if len(names) == 1
        else unit_sign(result.units[names[0]] or "value"),
        "frames": np.asarray(result.frames[::step]).tolist() if of_frames else None,
        "lines": [
            {"name": label.replace("_", " "), "unit": unit_sign(unit), "y": _numbers(values)}
            for label, unit, values in lines
        ],
    }


def _kind(result: Result, name: str) -> tuple[str, str]:
    """Fields of one kind share a plot; numbers without a unit are each of their own."""
    return result.units[name] or name, result.dims[name][0]


def _lines(result: Result, name: str, step: int) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
    """Label, unit and every step-th value of each line of a field."""
    values = np.asarray(result.to_dict()[name][::step])
    columns = values[:, np.newaxis] if values.ndim == 1 else values
    for label, column in zip(line_labels(result, name, columns.shape[1]), columns.T, strict=True):
        yield label, result.units[name], column


def _numbers(values: npt.NDArray[Any]) -> list[float | None]:
    """Numbers as JSON has them: what is not finite is None."""
    return [float(one) if np.isfinite(one) else None for one in values]
