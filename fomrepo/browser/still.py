"""A still picture of a structure, drawn by the server: the chain, seen along its thinnest direction."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fomrepo.browser.figures import Figure, png_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Names of the atom that stands for a residue: of proteins, of nucleic acids, of Martini models.
CHAIN = frozenset({"CA", "P", "BB"})
#: Longest step from one residue to the next, in angstrom; beyond it is another chain or a gap.
STEP_LIMIT = 12.0
#: Atoms that are drawn at most; of more, every n-th.
ATOMS_LIMIT = 20_000


@lru_cache(maxsize=64)  # matplotlib takes a tenth of a second
def still_of(pdb: str) -> bytes:
    """Draw the first model of a PDB file as PNG: lines of chains, or points where there are none."""
    lines = [row for row in pdb.splitlines() if row.startswith(("ATOM", "HETATM"))]
    chain = [row for row in lines if row[12:16].strip() in CHAIN]
    places = _places(chain or lines[:: -(-len(lines) // ATOMS_LIMIT) or 1])
    centred = places - places.mean(axis=0)
    seen = (centred @ np.linalg.eigh(centred.T @ centred)[1])[:, ::-1]  # widest direction first, depth last

    def draw(ax: Axes) -> None:
        from matplotlib.collections import LineCollection

        ax.set_axis_off()
        ax.set_aspect("equal")
        colours = np.linspace(0.0, 1.0, len(seen))
        if not chain:
            size = float(np.clip(8_000 / len(seen), 6, 200))
            ax.scatter(seen[:, 0], seen[:, 1], s=size, c=colours, cmap="viridis", linewidths=0)
            return
        steps = np.flatnonzero(np.linalg.norm(np.diff(places, axis=0), axis=1) < STEP_LIMIT)
        order = steps[np.argsort(seen[steps, 2])]  # what is behind is drawn first
        curves = [_curve(seen[:, :2], int(one)) for one in order]
        ax.add_collection(
            LineCollection(curves, array=colours[order], cmap="viridis", linewidths=3.4, capstyle="round")
        )
        ax.autoscale_view()

    return png_of(Figure("still", "The chain", draw, (7.4, 4.2)))


def _curve(points: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    """Points from the n-th to the next one on a smooth curve through all: a cubic with the tangents of neighbours."""
    before, begin, end, behind = points[np.clip(np.arange(n - 1, n + 3), 0, len(points) - 1)]
    t = np.linspace(0.0, 1.0, 7)[:, np.newaxis]
    tangents = (t**3 - 2 * t**2 + t) * (end - before) / 2 + (t**3 - t**2) * (behind - begin) / 2
    found: npt.NDArray[np.float64] = (2 * t**3 - 3 * t**2 + 1) * begin + (3 * t**2 - 2 * t**3) * end + tangents
    return found


def _places(rows: list[str]) -> npt.NDArray[np.float64]:
    """Coordinates, (atom, xyz), angstrom."""
    found = [[float(row[begin : begin + 8]) for begin in (30, 38, 46)] for row in rows]
    return np.array(found or [[0.0, 0.0, 0.0]])
