"""Results as pictures: matrices with axes, units and a colour bar, and the plots of a page without scripts.

matplotlib draws them, in this process and one at a time: its settings are global. Colours are those of the pages.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fomrepo.browser.lines import first_drawn
from fomrepo.browser.spelling import axis_text
from fomrepo.client.results.plots import can_be_drawn, is_image, places_of
from fomrepo.client.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Width and height of a picture, inches, and its dots to the inch; a matrix is higher.
LINES_INCHES, MATRIX_INCHES, DPI = (7.4, 2.9), (6.6, 5.2), 144
#: Width and least height of a picture for narrow screens: text in it is as large there as that of the page.
NARROW_INCHES = (3.9, 2.6)
#: A field that is larger is not drawn: it would have to be fetched whole.
FIELD_LIMIT_BYTES = 64 * 2**20
#: Pictures of one result.
FIGURES_LIMIT = 8
#: Width of a cell of a Ramachandran histogram, in degrees: what structure validation commonly shows.
CELL_DEGREES = 4
#: Residue numbers along one side of a matrix that is drawn.
RESIDUES_LIMIT = 5_000
#: Atoms of a covariance matrix that is drawn; of more, every n-th.
ATOMS_LIMIT = 1_000
#: Ink, lines and the colour that lines begin with, on light paper and on dark: as in style.css.
SCHEMES = {
    "light": ("#1b2226", "#d9dee1", ("#0b6259", "#8a4b08", "#9f1d1d", "#17603a", "#566169", "#1b2226")),
    "dark": ("#e6e9e6", "#33404a", ("#5ecbbb", "#f0b76a", "#ff9f98", "#7bd6a0", "#a4b0b5", "#e6e9e6")),
}

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that can be made of a result."""

    #: Part of its address.
    name: str
    #: What it shows, as a sentence; texts of the method's schema may be in it.
    caption: str
    draw: Callable[[Axes], object]
    inches: tuple[float, float] = MATRIX_INCHES


def figures_of(result: Result) -> list[Figure]:
    """Pictures that a result has: the one that ``r.plot()`` draws, then what is over two axes or reads as such."""
    return list(_figures(result))[:FIGURES_LIMIT]


def png_of(figure: Figure, scheme: str = "light", *, narrow: bool = False, paper: str = "none") -> bytes:
    """Draw a picture as PNG.

    Parameters
    ----------
    figure
        One of :func:`figures_of`.
    scheme
        ``light`` or ``dark``: what it will lie on.
    narrow
        Whether it is for a narrow screen.
    paper
        Colour behind it; nothing but what it lies on if ``none``.
    """
    from cycler import cycler
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    ink, rule, strokes = SCHEMES[scheme]
    inches, (width, least) = figure.inches, NARROW_INCHES
    if narrow:
        inches = (width, max(least, inches[1] * width / inches[0]))
    settings: Any = {
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), ink),
        "grid.color": rule, "axes.facecolor": "none", "figure.facecolor": paper, "savefig.facecolor": paper,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "font.size": 9,
        "image.cmap": "viridis", "figure.constrained_layout.use": True, "axes.formatter.useoffset": False,
    }  # fmt: skip
    with _one_at_a_time, rc_context(settings):
        canvas = Canvas(figsize=inches, dpi=DPI)
        FigureCanvasAgg(canvas)
        ax = canvas.add_subplot()
        ax.set_prop_cycle(cycler(color=strokes))
        figure.draw(ax)
        ax.set_title("")  # the page says what it is
        for one in canvas.axes:
            one.set(xlabel=axis_text(one.get_xlabel()), ylabel=axis_text(one.get_ylabel()))
        written = io.BytesIO()
        canvas.savefig(written, format="png", metadata={"Software": "fomrepo"})
        return written.getvalue()


def _figures(result: Result) -> Iterator[Figure]:
    fields, first = result.to_dict(), first_drawn(result)
    if not first:
        return
    if sum(fields[name].nbytes for name in first) <= FIELD_LIMIT_BYTES:
        yield _plotted(result, first)
    if (pairs := _residue_pairs(result)) is not None:
        yield pairs
    if (angles := _ramachandran(result)) is not None:
        yield angles
    if (covariance := _covariance(result)) is not None:
        yield covariance
    for name in fields:
        drawn = name in first or name in places_of(result) or not can_be_drawn(fields[name])
        if not drawn and is_image(result, name) and fields[name].nbytes <= FIELD_LIMIT_BYTES:
            yield _plotted(result, [name])


def _plotted(result: Result, names: list[str]) -> Figure:
    docs = {one.name: one.doc for one in result.schema.result.fields}
    caption = "; ".join(docs.get(name) or name for name in names)
    inches = MATRIX_INCHES if is_image(result, names[0]) else LINES_INCHES
    return Figure(names[0], caption, lambda ax: result.plot(*names, ax=ax), inches)


def _residue_pairs(result: Result) -> Figure | None:
    """Shares of frames of pairs of residues, as ``contacts`` has them, as a matrix of residues."""
    fields = result.to_dict()
    if any(fields.get(one) is None for one in ("occupancy", "resids_a", "resids_b")) or not len(fields["occupancy"]):
        return None
    share, *numbers = (np.asarray(fields[one]) for one in ("occupancy", "resids_a", "resids_b"))
    low, high = (int(bound(numbers)) for bound in (np.min, np.max))
    if high - low >= RESIDUES_LIMIT:
        return None

    def draw(ax: Axes) -> None:
        cells = np.full((high - low + 1, high - low + 1), np.nan)
        order = np.argsort(share)  # of pairs with the same numbers in several segments the greatest is seen
        cells[numbers[1][order] - low, numbers[0][order] - low] = share[order]
        _image(ax, cells, (low - 0.5, high + 0.5), (low - 0.5, high + 0.5), "share of frames", (0.0, 1.0))
        ax.set_xlabel("residue number, first group")
        ax.set_ylabel("residue number, second group")

    return Figure("pairs", "Share of frames in which each pair of residues is in contact", draw)


def _ramachandran(result: Result) -> Figure | None:
    """Angles phi and psi of all residues and frames, as a histogram over both."""
    fields = result.to_dict()
    if any(fields.get(one) is None or result.units[one] != "degree" for one in ("phi", "psi")):
        return None

    def draw(ax: Axes) -> None:
        edges = np.arange(-180, 181, CELL_DEGREES)
        phi, psi = (np.asarray(fields[one]).ravel() for one in ("phi", "psi"))
        counts = np.histogram2d(psi, phi, bins=(edges, edges))[0]
        _image(ax, np.where(counts > 0, counts, np.nan), (-180, 180), (-180, 180), "residues in a cell")
        for set_ticks, set_label, angle in ((ax.set_xticks, ax.set_xlabel, "φ"), (ax.set_yticks, ax.set_ylabel, "ψ")):
            set_ticks(range(-180, 181, 60))
            set_label(f"{angle} (degree)")
        ax.set_aspect("equal")

    caption = f"Histogram of phi and psi over all residues and frames, in cells of {CELL_DEGREES} degrees"
    return Figure("ramachandran", caption, draw)


def _covariance(result: Result) -> Figure | None:
    """Covariance of atoms from principal components: sum of variance times the product of both atoms' directions."""
    fields = result.to_dict()
    if any(fields.get(one) is None for one in ("components", "variances", "total_variance")):
        return None
    components, variances = fields["components"], np.asarray(fields["variances"])
    if result.dims["components"][1:] != ("atom", "xyz") or components.nbytes > FIELD_LIMIT_BYTES:
        return None
    step = -(-components.shape[1] // ATOMS_LIMIT)

    def draw(ax: Axes) -> None:
        ways = np.asarray(components)[:, ::step] * np.sqrt(variances)[:, np.newaxis, np.newaxis]
        cells = np.einsum("kix,kjx->ij", ways, ways)
        reach = float(np.abs(cells).max())
        span = (-0.5 * step, (len(cells) - 0.5) * step)
        _image(ax, cells, span, span, f"covariance ({result.units['variances']})", (-reach, reach), "RdBu_r")
        ax.set_xlabel("atom, in the order of the selection")
        ax.set_ylabel("atom, in the order of the selection")
        ax.set_aspect("equal")

    part = 100 * variances.sum() / fields["total_variance"]
    caption = f"Covariance of atoms, from the {len(variances)} components given: {part:.1f} % of all variance"
    return Figure("covariance", caption, draw)


def _image(
    ax: Axes,
    cells: npt.NDArray[Any],
    wide: tuple[float, float],
    high: tuple[float, float],
    label: str,
    bounds: tuple[float, float] | None = None,
    colours: str = "viridis",
) -> None:
    low, top = bounds or (None, None)
    image = ax.imshow(
        cells, origin="lower", aspect="auto", interpolation="nearest", extent=(*wide, *high),
        vmin=low, vmax=top, cmap=colours,
    )  # fmt: skip
    ax.figure.colorbar(image, ax=ax, label=label)
