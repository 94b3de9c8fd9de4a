"""Results as matplotlib draws them, each type in the one way that its readers expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.optional import imports_for
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fomrepo.client.results.result import Result

#: Types without a picture of their own, and what to do instead.
INSTEAD = {
    "Scalar": "print it, or collect several into one array",
    "Text": "print it",
    "Table": "choose columns yourself: r.to_pandas().plot(x=..., y=...)",
    "Structure": "look at it: r.save('x.pdb'), or r.to_universe()",
    "Figure": "it is a picture already: r.save('x.png'), or show it in a notebook",
    "FileRef": "it is a file: r.save()",
}
#: Most lines of one field; more are drawn as an image.
LINES_LIMIT = 12


def plot(result: Result, names: Sequence[str], ax: Axes | None) -> Axes:
    """Draw some fields; see :meth:`Result.plot`."""
    if result.result_type in INSTEAD:
        raise ArgumentError(f"a {result.result_type} has no plot", remedy=INSTEAD[result.result_type])
    chosen = drawn_fields(result, names)
    with imports_for("plot()"):
        from matplotlib import pyplot
    if ax is None:
        _, ax = pyplot.subplots()
    ax.set_title(f"{result.method} {result.version}")
    if len(chosen) == 1 and is_image(result, chosen[0]):
        _draw_image(result, chosen[0], ax)
    else:
        _draw_lines(result, chosen, ax)
    return ax


def drawn_fields(result: Result, names: Sequence[str] = ()) -> list[str]:
    """Fields to draw together: those that were named, else the one named like the method, or the first, and its like.

    Fields are alike that are over the same axis in the same unit; plain numbers without a unit are not.
    """
    fields = result.to_dict()
    places = places_of(result)
    able = [name for name in fields if name not in places and can_be_drawn(fields[name])]
    for name in names:
        if not can_be_drawn(fields.get(name)):
            raise ArgumentError(
                f"there is no field {name!r} that can be drawn", remedy=f"name one of: {', '.join(able)}"
            )
    if not able:
        raise ArgumentError(f"this {result.result_type} has no field over one or two axes", remedy="use to_xarray()")
    first = names[0] if names else result.method if result.method in able else able[0]
    if is_image(result, first):
        alike = [first]
    else:
        among = names or (able if result.units[first] else [first])
        alike = [name for name in among if _are_alike(result, first, name)]
    if names and alike != list(names):
        other = next(name for name in names if name not in alike)
        raise ArgumentError(
            f"{first!r} and {other!r} do not go onto the same axes",
            remedy=f"draw them apart: r.plot({other!r}, ax=...)",
        )
    return alike


def _are_alike(result: Result, first: str, other: str) -> bool:
    same = result.dims[first][0] == result.dims[other][0] and result.units[first] == result.units[other]
    return same and not is_image(result, other)


def can_be_drawn(value: Any) -> bool:
    """Whether a value is numbers over one or two axes."""
    return getattr(value, "ndim", 0) in (1, 2) and value.dtype.kind in "fiub" and value.size > 0


def is_image(result: Result, name: str) -> bool:
    """Whether a field is drawn as an image; else it is lines."""
    value = result.to_dict()[name]
    return bool(value.ndim == 2 and (result.result_type == "Matrix" or value.shape[1] > LINES_LIMIT))


def places_of(result: Result) -> set[str]:
    """Fields that say where the others are, and are drawn only when they are named."""
    axes = {axis for dims in result.dims.values() for axis in dims}
    found = {edges_of(result), *(place_of(result, axis) for axis in axes)}
    return {name for name in found if name} | ({"frames"} if result.result_type == "TimeSeries" else set())


def place_of(result: Result, axis: str) -> str | None:
    """Field that says where the entries of an axis are; None if only their numbers do.

    Over frames these are the times; else the first field over that axis alone whose values only grow, if it is not what
    the method is about. An axis ``other_NAME`` of which nothing is said is like the axis ``NAME``.
    """
    if result.result_type == "TimeSeries" and axis == "frame":
        return "times"
    fields = {name: value for name, value in result.to_dict().items() if axis in result.dims[name]}
    for name, value in fields.items():
        alone = result.dims[name] == (axis,) and len(fields) > 1 and name != result.method and can_be_drawn(value)
        if alone and value.dtype.kind in "fiu" and (np.diff(np.asarray(value, np.float64)) > 0).all():
            return name
    return place_of(result, axis.removeprefix("other_")) if axis.startswith("other_") else None


def edges_of(result: Result) -> str | None:
    """Field with the edges of a Histogram's bins, one more than there are bins; None if it has none."""
    if result.result_type != "Histogram":
        return None
    return next((name for name in result.fields if name.endswith("edges") and len(result.dims[name]) == 1), None)


def _draw_lines(result: Result, names: Sequence[str], ax: Axes) -> None:
    fields = result.to_dict()
    axis = result.dims[names[0]][0]
    place = place_of(result, axis)
    edges = edges_of(result) if place is None else None
    x = np.arange(len(fields[names[0]])) if place is None else np.asarray(fields[place])
    for name in names:
        values = np.asarray(fields[name])
        lines = values[:, np.newaxis] if values.ndim == 1 else values
        for label, line in zip(line_labels(result, name, lines.shape[1]), lines.T, strict=True):
            if edges is not None:
                ax.stairs(line, np.asarray(fields[edges]), label=label)
            else:
                ax.plot(x, line, label=label)
    ax.set_xlabel(axis_label(result, edges or place or axis))
    ax.set_ylabel(axis_label(result, names[0]) if len(names) == 1 else _with_unit("", result.units[names[0]]))
    if len(ax.get_legend_handles_labels()[1]) > 1:
        ax.legend()


def _draw_image(result: Result, name: str, ax: Axes) -> None:
    values = np.asarray(result.to_dict()[name])
    down, across = (_cells(result, *one) for one in zip(result.dims[name], values.shape, strict=True))
    if result.result_type == "TimeSeries":  # time runs to the right
        values, down, across = values.T, across, down
    (*high, upwards), (*wide, rightwards) = down, across
    image = ax.imshow(
        values, origin="lower", aspect="auto", interpolation="nearest", extent=(wide[0], wide[1], high[0], high[1])
    )
    ax.set_ylabel(upwards)
    ax.set_xlabel(rightwards)
    ax.figure.colorbar(image, ax=ax, label=axis_label(result, name))


def _cells(result: Result, axis: str, count: int) -> tuple[float, float, str]:
    """Lower edge of the first cell along an axis, upper edge of the last one, and label.

    They are counted unless a field says where they are, evenly spaced.
    """
    place = place_of(result, axis)
    if place is not None and count > 1:
        told = np.asarray(result.to_dict()[place], dtype=np.float64)
        step = (told[-1] - told[0]) / (count - 1)
        if step > 0 and np.allclose(np.diff(told), step):
            return float(told[0] - step / 2), float(told[-1] + step / 2), axis_label(result, place)
    return -0.5, count - 0.5, axis


def line_labels(result: Result, name: str, count: int) -> list[str]:
    """Name of each line of a field."""
    if result.to_dict()[name].ndim == 1:
        return [name]
    ends = ["x", "y", "z"] if result.dims[name][1] == "xyz" else [str(number) for number in range(count)]
    return [f"{name} {end}" for end in ends]


def axis_label(result: Result, name: str) -> str:
    """Name and unit of a field, or the name of an axis."""
    return _with_unit(name, result.units.get(name, ""))


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})".strip() if unit else name
