"""Lines, pictures and formulas that pages show, made of results without a site."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from fomrepo.browser.answer_view import table_of
from fomrepo.browser.figures import figures_of, png_of
from fomrepo.browser.lines import POINTS_LIMIT, line_plots, points_of
from fomrepo.browser.prose import formula, prose
from fomrepo.browser.still import still_of
from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.result import Result
from fomrepo.model.bundle import read_schema
from fomrepo.model.operations import Provenance

PROVENANCE = Provenance("op", "site-a", "m", "1.0.0", "0" * 64, "0" * 64, (), {}, False, 1.0, 1e9, "hot")


def made(kind: str, fields: dict[str, tuple[list[str], str, Any]]) -> Result:
    """A result of a method that never ran: for each field its dims, its unit and its value."""
    declared = {
        name: {"dtype": "int64" if np.asarray(value).dtype.kind == "i" else "float64", "dims": dims, "unit": unit}
        for name, (dims, unit, value) in fields.items()
    }
    schema = read_schema({
        "name": "m", "version": "1.0.0", "summary": "Something", "entry": "m:m", "environment": "mdanalysis",
        "inputs": {"universe": "trajectory"}, "result": {"type": kind, "fields": declared},
    })  # fmt: skip
    values = {name: np.asarray(value) for name, (_, _, value) in fields.items()}
    if kind == "TimeSeries":
        count = next(len(value) for name, value in values.items() if fields[name][0][0] == "frame")
        values |= {"frames": np.arange(count), "times": 2.0 * np.arange(count)}
    return result_class(kind)(values, schema, PROVENANCE)


def pixels(png: bytes) -> np.ndarray:
    """Shape (row, column, 4), between 0 and 1."""
    return imread(io.BytesIO(png), format="png")


def test_a_series_is_lines_with_units_and_the_frame_of_each_point() -> None:
    result = made("TimeSeries", {"a_b": (["frame"], "angstrom", [1.0, np.nan, 3.0]), "n": (["frame"], "", [1, 2, 3])})
    assert line_plots(result) == [["a_b"], ["n"]]
    told = points_of(result, ["a_b"])
    assert (told["x"], told["x_label"], told["y_label"]) == ([0.0, 2.0, 4.0], "time (ps)", "a b (Å)")
    assert told["frames"] == [0, 1, 2]
    assert told["lines"] == [{"name": "a b", "unit": "Å", "y": [1.0, None, 3.0]}]


def test_of_long_lines_every_nth_point_is_sent() -> None:
    count = 3 * POINTS_LIMIT + 1
    told = points_of(made("TimeSeries", {"a": (["frame"], "", np.zeros(count))}), ["a"])
    assert len(told["x"]) == len(told["frames"]) == len(told["lines"][0]["y"]) <= POINTS_LIMIT
    assert told["frames"][1] == 4


def test_bins_are_drawn_at_their_centres() -> None:
    result = made("Histogram", {"counts": (["bin"], "", [4.0, 5.0]), "edges": (["edge"], "nm", [0.0, 1.0, 2.0])})
    told = points_of(result, line_plots(result)[0])
    assert (told["x"], told["x_label"], told["frames"]) == ([0.5, 1.5], "edges (nm)", None)


def test_what_is_nothing_over_an_axis_has_neither_lines_nor_pictures() -> None:
    for kind in ("Composite", "Scalar", "Table"):
        result = made(kind, {"box": (["cell"], "angstrom", np.ones(6))})
        assert (line_plots(result), figures_of(result)) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_matrix_is_an_image_with_a_colour_bar(scheme: str) -> None:
    result = made("Matrix", {"rmsd": (["frame", "other_frame"], "angstrom", np.arange(400.0).reshape(20, 20))})
    (figure,) = figures_of(result)
    seen = pixels(png_of(figure, scheme))
    assert len(np.unique((seen[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 200  # of all its values
    assert seen[2, 2, 3] == 0.0  # it lies on the page's own paper
    assert (pixels(png_of(figure, paper="white"))[2, 2] == 1.0).all()


def test_contacts_angles_and_components_are_read_as_what_they_are() -> None:
    contacts = made("TimeSeries", {
        "n_contacts": (["frame"], "", [2, 1]), "occupancy": (["pair"], "", [1.0, 0.5]),
        "resids_a": (["pair"], "", [1, 1]), "resids_b": (["pair"], "", [3, 9]),
    })  # fmt: skip
    angles = {name: (["frame", "residue"], "degree", np.full((2, 20), -60.0)) for name in ("phi", "psi")}
    components = made("TimeSeries", {
        "projections": (["frame", "component"], "angstrom", np.ones((3, 2))),
        "variances": (["component"], "angstrom**2", [3.0, 1.0]), "total_variance": ([], "angstrom**2", 5.0),
        "components": (["component", "atom", "xyz"], "", np.ones((2, 4, 3)) / np.sqrt(12)),
    })  # fmt: skip
    assert [one.name for one in figures_of(contacts)] == ["n_contacts", "pairs"]
    assert [one.name for one in figures_of(made("TimeSeries", angles))] == ["phi", "ramachandran", "psi"]
    assert [one.name for one in figures_of(components)] == ["projections", "covariance"]
    assert "2 components given: 80.0 %" in figures_of(components)[1].caption
    for result in (contacts, made("TimeSeries", angles), components):
        assert pixels(png_of(figures_of(result)[1])).any()


def test_a_table_has_first_rows_and_says_what_is_left_out() -> None:
    result = made("Table", {"x": (["row"], "nm", np.arange(30.0)), "y": (["row"], "", np.arange(30))})
    table = table_of(result)
    assert table is not None
    assert table["heads"] == [("x", "nm"), ("y", "")]
    assert table["rows"][1] == ["1", "1"]
    assert (len(table["rows"]), table["more_rows"], table["more_columns"]) == (12, 18, 0)


def test_a_chain_is_drawn_still_and_so_are_single_atoms() -> None:
    row = "ATOM  {:5d} {:<4} ALA A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n"
    for name in (" CA", " AR"):
        pdb = "".join(row.format(n, name, n, 3.0 * n, float(n % 3), 0.0) for n in range(1, 12))
        assert (pixels(still_of(pdb))[..., 3] > 0).mean() > 0.001
    assert pixels(still_of("END\n")).shape[2] == 4


def test_formulas_are_set() -> None:
    shown = formula(r"\sqrt{\frac{a_i}{2}}", block=True)
    assert shown.startswith("<math ")
    assert 'display="block"' in shown
    assert all(f"<{one}>" in shown for one in ("msqrt", "mfrac", "msub"))


@pytest.mark.parametrize("source", ["{" * 500, r"\frac", "x" * 5000, r"\begin{matrix}", "\x00"])
def test_a_formula_that_cannot_be_set_is_shown(source: str) -> None:
    assert formula(source, block=False).startswith(("<code>", "<math"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](https://a/b.png)",
        "[x](data:text/html,<script>alert(1)</script>)", r"$\href{javascript:alert(1)}{x}$", r"$\text{<img src=x>}$",
        "<div onclick=alert(1)>\n\nx\n\n</div>", "[x]: javascript:alert(1)\n\n[x]", "<javascript:alert(1)>",
        "$$</math><script>alert(1)</script>$$", '[x](https://a.b"onmouseover="alert(1))', r"$\class{x}{\style{y}{z}}$",
    ],
)  # fmt: skip
def test_no_text_of_an_author_runs_or_loads(text: str) -> None:
    shown = str(prose(f"# A heading\n\n{text}"))
    tags = [part.split(">")[0] for part in shown.replace('<div class="math block" tabindex="0">', "").split("<")[1:]]
    for never in ("script", "img", "div", "h1", "onmouseover=", "onerror=", "javascript:", "data:", "style="):
        assert not any(one.startswith(never) or f" {never}" in one or f'"{never}' in one for one in tags), never


def test_headings_stand_beside_those_of_the_page() -> None:
    assert prose("# Title\n\n# Part\n\n### Detail") == "<h2>Part</h2>\n<h3>Detail</h3>\n"
