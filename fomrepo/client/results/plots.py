"""Results as matplotlib draws them, each type in the one way that its readers expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

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
    chosen = _chosen(result, names)
    with imports_for("plot()"):
        from matplotlib import pyplot
    if ax is None:
        _, ax = pyplot.subplots()
    ax.set_title(f"{result.method} {result.version}")
    if len(chosen) == 1 and _is_image(result, chosen[0]):
        _draw_image(result, chosen[0], ax)
    else:
        _draw_lines(result, chosen, ax)
    return ax


def _chosen(result: Result, names: Sequence[str]) -> list[str]:
    """Fields to draw together: those that were named, else the first that can be drawn and its like."""
    fields = result.to_dict()
    able = [name for name in fields if name not in _places(result) and _can_be_drawn(fields[name])]
    for name in names:
        if name not in able:
            raise ArgumentError(
                f"there is no field {name!r} that can be drawn", remedy=f"name one of: {', '.join(able)}"
            )
    if not able:
        raise ArgumentError(f"this {result.result_type} has no field over one or two axes", remedy="use to_xarray()")
    first = names[0] if names else able[0]
    if _is_image(result, first):
        if len(names) > 1:
            raise ArgumentError(f"{first!r} is drawn as an image, alone", remedy="draw the others on other axes")
        return [first]
    like = [
        name
        for name in names or able
        if result.dims[name][0] == result.dims[first][0]
        and result.units[name] == result.units[first]
        and not _is_image(result, name)
    ]
    if names and like != list(names):
        other = next(name for name in names if name not in like)
        raise ArgumentError(
            f"{first!r} and {other!r} have other units or axes", remedy=f"draw them apart: r.plot({other!r}, ax=...)"
        )
    return like


def _can_be_drawn(value: Any) -> bool:
    return getattr(value, "ndim", 0) in (1, 2) and value.dtype.kind in "fiub" and value.size > 0


def _is_image(result: Result, name: str) -> bool:
    value = result.to_dict()[name]
    return bool(value.ndim == 2 and (result.result_type == "Matrix" or value.shape[1] > LINES_LIMIT))


def _places(result: Result) -> set[str]:
    """Fields that say where the others are, and are not drawn themselves."""
    axes = {axis for dims in result.dims.values() for axis in dims}
    found = {_edges(result), *(_place_of(result, axis) for axis in axes)} - {None}
    return {name for name in found if name} | ({"frames"} if result.result_type == "TimeSeries" else set())


def _place_of(result: Result, axis: str) -> str | None:
    """Field that says where the entries of an axis are; None if only their numbers do.

    Of a TimeSeries these are the times; of a Histogram without edges and of a Matrix the first field over that axis
    alone, if it is not the only one that has the axis.
    """
    if result.result_type == "TimeSeries":
        return "times" if axis == "frame" else None
    if result.result_type not in ("Histogram", "Matrix") or _edges(result) is not None:
        return None
    fields = {name: value for name, value in result.to_dict().items() if axis in result.dims[name]}
    alone = (name for name, value in fields.items() if result.dims[name] == (axis,) and _can_be_drawn(value))
    return next(alone, None) if len(fields) > 1 else None


def _edges(result: Result) -> str | None:
    """Field with the edges of a Histogram's bins, one more than there are bins; None if it has none."""
    if result.result_type != "Histogram":
        return None
    return next((name for name in result.fields if name.endswith("edges") and len(result.dims[name]) == 1), None)


def _draw_lines(result: Result, names: Sequence[str], ax: Axes) -> None:
    fields = result.to_dict()
    axis = result.dims[names[0]][0]
    place = _place_of(result, axis)
    edges = _edges(result)
    x = np.arange(len(fields[names[0]])) if place is None else np.asarray(fields[place])
    for name in names:
        values = np.asarray(fields[name])
        lines = values[:, np.newaxis] if values.ndim == 1 else values
        for label, line in zip(_line_labels(result, name, lines.shape[1]), lines.T, strict=True):
            if edges is not None:
                ax.stairs(line, np.asarray(fields[edges]), label=label)
            else:
                ax.plot(x, line, label=label)
    ax.set_xlabel(_labelled(result, edges or place or axis))
    ax.set_ylabel(_labelled(result, names[0]) if len(names) == 1 else _with_unit("", result.units[names[0]]))
    if len(ax.get_legend_handles_labels()[1]) > 1:
        ax.legend()


def _draw_image(result: Result, name: str, ax: Axes) -> None:
    values = np.asarray(result.to_dict()[name])
    down, across = (_place_of(result, axis) for axis in result.dims[name])
    if result.result_type == "TimeSeries":  # time runs to the right
        values, down, across = values.T, across, down
        heads = (result.dims[name][1], "times")
    else:
        heads = (down or result.dims[name][0], across or result.dims[name][1])
    extent = (*_reach(result, across, values.shape[1]), *_reach(result, down, values.shape[0]))
    image = ax.imshow(values, origin="lower", aspect="auto", interpolation="nearest", extent=extent)
    ax.set_ylabel(_labelled(result, heads[0]))
    ax.set_xlabel(_labelled(result, heads[1]))
    ax.figure.colorbar(image, ax=ax, label=_labelled(result, name))


def _reach(result: Result, place: str | None, count: int) -> tuple[float, float]:
    """From the lower edge of the first cell to the upper edge of the last one, if the cells are evenly spaced."""
    places: npt.NDArray[np.float64] = np.arange(count, dtype=np.float64)
    if place is not None:
        told = np.asarray(result.to_dict()[place], dtype=np.float64)
        if count > 1 and np.allclose(np.diff(told), told[1] - told[0]) and told[1] > told[0]:
            places = told
    half = (places[1] - places[0]) / 2 if count > 1 else 0.5
    return float(places[0] - half), float(places[-1] + half)


def _line_labels(result: Result, name: str, count: int) -> list[str]:
    if result.to_dict()[name].ndim == 1:
        return [name]
    ends = ["x", "y", "z"] if result.dims[name][1] == "xyz" else [str(number) for number in range(count)]
    return [f"{name} {end}" for end in ends]


def _labelled(result: Result, name: str) -> str:
    return _with_unit(name, result.units.get(name, ""))


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})".strip() if unit else name
