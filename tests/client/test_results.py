"""What a caller does with a result: pandas, xarray, other units, a plot, a look at it in a notebook, a citation."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes

from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.pictures import grey_png
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, BundleRefusedError, SettingsError
from fomrepo.model.methods import RESERVED_FIELD_NAMES, RESULT_TYPES
from tests.client import example_results as example


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    mpl.use("agg")
    yield
    pyplot.close("all")


def test_a_time_series_is_a_frame_over_time() -> None:
    frame = example.time_series().to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.name == "times"
    assert frame.index.tolist() == [0, 2, 4]
    assert frame.columns.tolist() == ["frames", "rmsd", "rgyr", "energy"]
    assert frame["rmsd"].tolist() == [0, 1.5, 3]
    assert frame.attrs["units"]["rmsd"] == "angstrom"
    assert frame.attrs["provenance"]["inputs"] == [["FOM-402917.v1", "adk.dcd", "1" * 64]]


def test_a_matrix_is_a_frame_with_labels() -> None:
    frame = example.matrix().to_pandas()
    assert (frame.index.name, frame.columns.name) == ("residue", "residue")
    assert frame.loc[5, 6] == 5


def test_tables_and_numbers_are_frames_and_series() -> None:
    table = example.table().to_pandas()
    assert table["resname"].tolist() == ["ALA", "<i>Cβ</i>"]
    assert table["count"].dtype == np.int64
    numbers = example.scalar().to_pandas()
    assert numbers.to_dict() == {"size": 1.5, "atoms": 7, "label": "AdK"}
    assert numbers.name == "example"


def test_a_second_axis_becomes_columns() -> None:
    result = example.result_of(
        "TimeSeries",
        centre=(np.arange(6.0).reshape(2, 3), "float64 frame xyz", "angstrom"),
        angle=(np.arange(4.0).reshape(2, 2), "float64 frame residue", "degree"),
        resids=(np.array([7, 9]), "int64 residue", ""),
        reference=(3, "int64", ""),
    )
    frame = result.to_pandas()
    assert frame.columns.tolist() == ["frames", "centre_x", "centre_y", "centre_z", "angle_7", "angle_9"]
    assert frame["angle_9"].tolist() == [1, 3]
    assert frame.attrs["beside"] == {"resids": [7, 9], "reference": 3}


def test_fields_over_several_axes_are_several_frames() -> None:
    result = example.result_of(
        "TimeSeries",
        n=(np.array([2, 1]), "int64 frame", ""),
        donors=(np.array([4, 5, 6]), "int64 bond", ""),
        shift=(np.zeros((3, 3)), "float64 bond xyz", "angstrom"),
        moved=(np.zeros((2, 3, 3)), "float64 frame bond xyz", "angstrom"),
    )
    series, bonds = result.to_pandas(), result.to_pandas("bond")
    assert (series.index.tolist(), series.columns.tolist()) == ([0.0, 2.0], ["frames", "n"])
    assert series.attrs["left_out"] == ["donors", "shift", "moved"]
    assert (bonds.index.name, bonds.columns.tolist()) == ("bond", ["donors", "shift_x", "shift_y", "shift_z"])
    assert bonds.attrs["left_out"] == ["frames", "times", "n", "moved"]
    with pytest.raises(ArgumentError, match=r"(?s)no columns over 'atom'.*over another axis: 'frame', 'bond'"):
        result.to_pandas("atom")
    with pytest.raises(ArgumentError, match=r"(?s)donors \(bond\) is no column beside the others"):
        result.save("bonds.csv")  # a file holds all of it or is none


def test_what_shares_no_axis_goes_to_xarray() -> None:
    with pytest.raises(ArgumentError, match=r"(?s)rows \(row, \*\) is no column.*to_xarray"):
        example.everything().to_pandas()
    data = example.everything().to_xarray()
    assert data.sizes["frame"] == 2
    assert data["wave"].dtype == np.complex128
    assert data["rows_values"].values.tolist() == [1, 2, 3]
    assert data["rows_offsets"].values.tolist() == [0, 2, 2, 3]
    assert data["pair"].dims == ("pair_axis", "frame")
    assert "absent" not in data


def test_xarray_knows_units_coordinates_and_provenance() -> None:
    data = example.time_series().to("nm", times="ns").to_xarray()
    assert data["rmsd"].attrs == {"units": "nm", "long_name": "What rmsd is"}
    assert data["rmsd"].dims == ("frame",)
    assert set(data.coords) == {"times", "frames"}
    assert data["times"].values.tolist() == [0, 0.002, 0.004]
    assert data.attrs["method"] == "example 1.2.0"
    assert data.attrs["source"] == f"FOM-402917.v1/adk.dcd (sha256 {'1' * 64})"
    assert example.matrix().to_xarray()["distance"].dims == ("residue", "residue_2")


def test_units_are_taken_by_what_measures_the_same() -> None:
    result = example.time_series()
    found = result.to("nm", "kJ/mol", times="ns", rgyr="pm")
    assert dict(found.units) == {"frames": "", "times": "ns", "rmsd": "nm", "rgyr": "pm", "energy": "kJ/mol"}
    assert found.rgyr.tolist() == [1000, 1100, 1200]
    assert found.energy[2] == pytest.approx(-(4.184**2))
    assert not found.rmsd.flags.writeable
    assert result.units["rmsd"] == "angstrom"


@pytest.mark.parametrize(
    ("units", "by_field", "said"),
    [
        (("furlong",), {}, "'furlong' is not a unit"),
        (("K",), {}, "(?s)no field of this result can be given in 'K'.*rmsd in angstrom"),
        ((), {"rmds": "nm"}, "(?s)no field 'rmds'.*did you mean rmsd"),
        ((), {"rmsd": "ps"}, "'angstrom' measures length, 'ps' measures time"),
        (("nm",), {"rmsd": "nm", "rgyr": "nm"}, "no field of this result"),
    ],
)
def test_what_cannot_be_converted_is_said(units: tuple[str, ...], by_field: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        example.time_series().to(*units, **by_field)
    with pytest.raises(ArgumentError, match="none of its fields has a unit"):
        example.table().to("nm")


def test_a_time_series_is_drawn_against_time() -> None:
    ax = example.time_series().plot()
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("times (ps)", "(angstrom)", "example 1.2.0")
    assert [line.get_label() for line in ax.lines] == ["rmsd", "rgyr"]
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [2, 1.5], [4, 3]]
    assert ax.get_legend() is not None
    _, mine = pyplot.subplots()
    assert example.time_series().plot("energy", ax=mine) is mine
    assert (mine.get_ylabel(), len(mine.lines), mine.get_legend()) == ("energy (kcal/mol)", 1, None)


def test_few_columns_are_lines_and_many_an_image() -> None:
    few = example.result_of("TimeSeries", centre=(np.ones((4, 3)), "float64 frame xyz", "nm")).plot()
    assert [line.get_label() for line in few.lines] == ["centre x", "centre y", "centre z"]
    many = example.result_of("TimeSeries", angle=(np.ones((4, 30)), "float64 frame residue", "degree")).plot()
    assert (many.get_xlabel(), many.get_ylabel()) == ("times (ps)", "residue")
    assert many.images[0].get_array().shape == (30, 4)
    assert many.images[0].get_extent() == [-1, 7, -0.5, 29.5]
    uneven = example.result_of(
        "TimeSeries",
        frames=(np.array([0, 1, 9]), "int64 frame", ""),
        times=(np.array([0.0, 1.0, 9.0]), "float64 frame", "ps"),
        angle=(np.ones((3, 30)), "float64 frame residue", "degree"),
    ).plot()
    assert (uneven.get_xlabel(), uneven.images[0].get_extent()) == ("frame", [-0.5, 2.5, -0.5, 29.5])


def test_a_histogram_is_drawn_over_its_bins() -> None:
    centres = example.histogram().plot()
    assert (centres.get_xlabel(), centres.get_ylabel()) == ("r (angstrom)", "g")
    assert centres.lines[0].get_xdata().tolist() == [0.5, 1.5, 2.5]
    edges = example.result_of(
        "Histogram",
        counts=(np.array([1, 2]), "int64 bin", ""),
        edges=(np.array([0.0, 1.0, 2.0]), "float64 edge", "degree"),
    ).plot()
    assert edges.get_xlabel() == "edges (degree)"
    assert edges.patches[0].get_data().edges.tolist() == [0, 1, 2]


def test_a_matrix_is_an_image_with_a_colour_bar() -> None:
    ax = example.matrix().plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("resids", "resids")
    assert ax.images[0].get_extent() == [3.5, 6.5, 3.5, 6.5]
    assert ax.images[0].colorbar.ax.get_ylabel() == "distance (angstrom)"


def test_what_the_method_is_about_is_drawn_first() -> None:
    """Two of the built-in methods: rdf, and the distances between atoms."""
    curve = example.result_of(
        "Histogram",
        r=(np.array([0.5, 1.5]), "float64 bin", "angstrom"),
        edges=(np.array([0.0, 1.0, 2.0]), "float64 edge", "angstrom"),
        counts=(np.array([300, 400]), "int64 bin", ""),
        example=(np.array([0.0, 2.0]), "float64 bin", ""),
    ).plot()
    assert (curve.get_xlabel(), curve.get_ylabel(), len(curve.lines)) == ("r (angstrom)", "example", 1)
    distances = example.result_of(
        "Matrix",
        mean=(np.zeros((2, 2)), "float64 atom other_atom", "angstrom"),
        atom_indices=(np.array([7, 9]), "int64 atom", ""),
        resids=(np.array([2, 2]), "int64 atom", ""),
    )
    assert distances.plot().images[0].get_extent() == [6, 10, 6, 10]
    assert distances.to_pandas().columns.tolist() == ["atom_indices", "resids", "mean_7", "mean_9"]


def test_arrays_are_drawn_by_their_axes() -> None:
    line = example.result_of("Array", rmsf=(np.arange(5.0), "float64 atom", "angstrom")).plot()
    assert (line.get_xlabel(), line.get_ylabel()) == ("atom", "rmsf (angstrom)")
    assert isinstance(example.everything().plot("small"), Axes)


@pytest.mark.parametrize(
    ("made", "names", "said"),
    [
        (example.table, (), "a Table has no plot\n.*to_pandas"),
        (example.structure, (), "a Structure has no plot\n.*to_universe"),
        (example.scalar, (), "a Scalar has no plot"),
        (example.time_series, ("rmds",), "no field 'rmds' that can be drawn\n.*rmsd, rgyr, energy"),
        (
            example.time_series,
            ("rmsd", "energy"),
            r"(?s)'rmsd' and 'energy' do not go onto the same axes.*r\.plot\('energy'",
        ),
    ],
)
def test_what_cannot_be_drawn_says_what_to_do(made: Callable[[], Result], names: tuple[str, ...], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        made().plot(*names)
    assert pyplot.get_fignums() == []


class Tags(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("made", [*example.EXAMPLES, example.file_ref])
def test_every_result_shows_itself(made: Callable[[], Result]) -> None:
    result = made()
    page = Tags(result._repr_html_())
    assert set(page.tags) <= {"table", "caption", "tr", "td", "th", "svg", "polyline", "img"}
    assert repr(result).startswith(f"{result.result_type} of example 1.2.0\n")


def test_a_field_of_long_texts_or_of_none_is_one_line() -> None:
    codes, none = (example.texts("HEL" * 100, "E"), "string residue", ""), (example.texts(), "string ligand", "")
    assert str(example.result_of("Table", codes=codes, none=none)).splitlines()[1:] == [
        "  codes  string (residue)  2: HELHELHELHELHELHELHEL..., E",
        "  none   string (ligand)  0: nothing",
    ]


def test_the_bytes_of_a_file_are_no_curve() -> None:
    shown = example.file_ref()
    assert "content    uint8 (byte)  256 bytes" in str(shown)
    assert "svg" not in shown._repr_html_()


def test_texts_of_others_are_escaped() -> None:
    page = Tags(example.table()._repr_html_())
    assert "<i>Cβ</i>" in page.texts
    assert "i" not in page.tags


def test_a_picture_in_a_notebook_runs_nothing() -> None:
    shown = example.figure()._repr_html_()
    assert shown.startswith('<img alt="example 1.2.0" src="data:image/svg+xml;base64,')
    assert "script" not in shown
    hostile = example.result_of(
        "Figure",
        content=(np.zeros(3, np.uint8), "uint8 byte", ""),
        media_type=('image/png" onerror="alert(1)', "string", ""),
    )
    assert "img" not in Tags(hostile._repr_html_()).tags


def test_small_pictures_are_pictures() -> None:
    from io import BytesIO

    levels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    read = pyplot.imread(BytesIO(grey_png(levels)))
    np.testing.assert_array_equal((read * 255).round(), levels)
    nothing = example.result_of("TimeSeries", rmsd=(np.array([np.nan, np.inf]), "float64 frame", "angstrom"))
    assert "polyline" in Tags(nothing._repr_html_()).tags


def test_a_citation_names_method_references_data_and_software() -> None:
    lines = example.time_series().cite().splitlines()
    assert lines[:3] == [
        f"Method: Ada <b>Lovelace</b>: example 1.2.0, An example of a result. sha256 {'d' * 64}",
        '  A. Lovelace, "On examples", 1843, https://doi.org/10.1000/1',
        f"Data: FOM-402917.v1, adk.dcd. sha256 {'1' * 64}",
    ]
    assert lines[3].startswith("Computed on 2023-11-14 at site-a by fomrepo ")
    assert lines[3].endswith(f"guest environment mdanalysis (sha256 {'e' * 64})")


@pytest.mark.parametrize(
    ("package", "asked", "install"),
    [
        ("pandas", lambda: example.table().to_pandas(), "fomrepo[notebook]"),
        ("xarray", lambda: example.table().to_xarray(), "fomrepo[notebook]"),
        ("matplotlib", lambda: example.matrix().plot(), "fomrepo[notebook]"),
        ("h5netcdf", lambda: example.table().save("/tmp/never.nc"), "fomrepo[notebook]"),
        ("MDAnalysis", lambda: example.structure().to_universe(), "MDAnalysis"),
    ],
)
def test_a_missing_package_names_the_command(
    package: str, asked: Callable[[], Any], install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=f"needs {package}") as caught:
        asked()
    assert caught.value.remedy == f"pip install '{install}'"


@pytest.mark.parametrize(
    ("kind", "field", "said"),
    [
        ("Structure", {"place": (0.0, "float64", "")}, "every Structure has a field 'positions'"),
        ("Structure", {"positions": (0.0, "float64 atom", "")}, "every Structure has a field 'positions'"),
        ("Figure", {"content": (0, "uint8 byte", "")}, "every Figure has a field 'media_type'"),
        ("FileRef", {"file_name": ("", "string", "")}, "every FileRef has a field 'content'"),
    ],
)
def test_some_types_need_some_fields(kind: str, field: dict[str, tuple[Any, str, str]], said: str) -> None:
    with pytest.raises(BundleRefusedError, match=said):
        example.result_of(kind, **field)


def test_no_field_can_hide_what_results_have() -> None:
    own = {name for kind in RESULT_TYPES for name in dir(result_class(kind)) if not name.startswith("_")}
    set_by_constructor = {"schema", "provenance", "units", "dims"}
    assert own | set_by_constructor <= RESERVED_FIELD_NAMES
