"""Bundles that are written for authors: what is read of a function, and what a first run adds. Without a wall here."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fomrepo.cli.method_new import default_of, new_method
from fomrepo.cli.scaffold.docstrings import documented_parameter
from fomrepo.cli.scaffold.draft import Draft, field_name
from fomrepo.cli.scaffold.first_run import FirstRun
from fomrepo.cli.scaffold.from_analysis import draft_from_analysis
from fomrepo.cli.scaffold.from_function import draft_from_function
from fomrepo.client.bundle_folder import read_folder
from fomrepo.errors import ArgumentError, ConflictError
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.bundle import read_bundle
from fomrepo.site.gate import find_or_build_samples, run_gate
from tests.unit.site.gate_bundles import WithoutAWall

pytestmark = [
    pytest.mark.filterwarnings("ignore:DCDReader currently makes independent timesteps:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:MDAnalysis"),
]

SCRIPT = '''
from typing import Literal
import numpy as np
raise SystemExit("this file was run")


def size(ag, squared: bool = False, power=2.0, *, mode: Literal["a", "b"] = "a", cut: "float | None" = None):
    """Mean square distance
    from the centre.

    Parameters
    ----------
    ag : AtomGroup
        Atoms of the protein.
    power : float
        Power that is taken.
    """
    return float(((ag.positions - ag.center_of_geometry()) ** power).sum())


def lengths(universe, names=("CA", "CB"), weights: list[float] = [1, 2.5]):
    return {"all": [len(ts.positions) for ts in universe.trajectory], "R2": 1.0, "none": None}


def heights(universe, frames, select="name CA"):
    return np.array([universe.select_atoms(select).positions[:, 2].mean() for _ in frames])


def outer(universe, select="name CA", /, factor=2.0):
    middle = universe.select_atoms(select).center_of_geometry()
    def inner():
        return 1
    return middle, factor * middle[0]


def unclear(universe, thing):
    pass


def nothing():
    pass
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture
def first(tmp_path: Path) -> FirstRun:
    return FirstRun(WithoutAWall(tmp_path / "runs"), find_or_build_samples(default_environments_folder()))


@pytest.fixture(autouse=True)
def runs(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()


def test_parameters_come_from_annotations_defaults_and_docstring(script: Path) -> None:
    draft = draft_from_function("size", script, "size")
    assert draft.summary == "Mean square distance from the centre"
    assert draft.parameters == {
        "select": {"type": "selection", "default": "protein", "doc": "Atoms of the protein."},
        "squared": {"type": "bool", "default": False, "doc": "As in size"},
        "power": {"type": "float", "default": 2.0, "doc": "Power that is taken."},
        "mode": {"type": "choice", "choices": ["a", "b"], "default": "a", "doc": "As in size"},
        "cut": {"type": "float", "optional": True, "doc": "As in size"},
    }
    assert draft_from_function("lengths", script, "lengths").parameters == {
        "names": {"type": "list", "items": "str", "default": ["CA", "CB"], "doc": "As in lengths"},
        "weights": {"type": "list", "items": "float", "default": [1, 2.5], "doc": "As in lengths"},
    }


def test_a_default_may_be_a_constant_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import os\nCUT = 8.0\nFOLDER = os.sep\n"
        "def near(atoms, cut=CUT, far: float = CUT): return cut\n"
        "def late(atoms, cut: float = FOLDER): return cut\n"
        "def needs(atoms, cut: float): return cut\n"
    )
    near = draft_from_function("near", tmp_path / "mine.py", "near")
    assert near.defaults == {"select": "protein", "cut": 8.0, "far": 8.0}
    with pytest.raises(ArgumentError, match="line 5: the default of 'cut' is known only when the file runs") as late:
        draft_from_function("late", tmp_path / "mine.py", "late")
    assert late.value.remedy == "write it out as a number or a text in the place of FOLDER"
    with pytest.raises(ArgumentError, match="needs 'cut', which has no default") as needs:
        FirstRun(None, None).complete(draft_from_function("needs", tmp_path / "mine.py", "needs"), "a student")
    assert needs.value.remedy == "give it one: --default cut=VALUE"


def test_a_function_of_atoms_is_called_for_each_frame(script: Path) -> None:
    assert draft_from_function("mean", script, "size").module({"mean": "mean"}) == (
        '"""Mean square distance from the centre."""\n\n'
        "import numpy as np\n"
        "from mean_source import size as size_of\n\n\n"
        "def mean(universe, frames, *, select, squared, power, mode, cut):\n"
        "    rows = [size_of(universe.select_atoms(select), squared=squared, power=power, mode=mode, cut=cut) "
        "for _ in frames]\n"
        "    if isinstance(rows[0], dict):\n"
        "        found = {key: np.array([row[key] for row in rows]) for key in rows[0]}\n"
        "    else:\n"
        '        found = {"mean": np.array(rows)}\n'
        '    return {\n        "mean": found["mean"],\n    }\n'
    )


DOCSTRINGS = {
    "numpydoc": """Measure.

Parameters
----------
near, far : float
    Both
    distances.
mode : str
    Which one.
""",
    "google": """Measure.

Args:
    near (float): Both
        distances.
    far: Both distances.
    mode (str, optional): Which one.

Returns:
    float: a number.
""",
    "sphinx": """Measure.

:param float near: Both
    distances.
:param far: Both distances.
:param mode: Which one.
:returns: a number
""",
}


@pytest.mark.parametrize("form", DOCSTRINGS)
def test_docstrings_are_read_in_the_forms_that_people_write(form: str) -> None:
    said = {name: documented_parameter(DOCSTRINGS[form], name) for name in ("near", "far", "mode", "absent")}
    assert said == {"near": "Both distances.", "far": "Both distances.", "mode": "Which one.", "absent": ""}


def test_parameters_take_other_defaults(script: Path) -> None:
    draft = draft_from_function("mine", script, "size").with_defaults({"power": 3.0, "select": "name CB"})
    assert (draft.defaults["power"], draft.defaults["select"], draft.defaults["mode"]) == (3.0, "name CB", "a")
    with pytest.raises(ArgumentError, match=r"mine\.py:size offers no parameter 'powre'"):
        draft.with_defaults({"powre": 3.0})
    assert [default_of(text) for text in ("fft=false", "cut=2.5", "select=name CA", 'names=["a", "b"]')] == [
        ("fft", False), ("cut", 2.5), ("select", "name CA"), ("names", ["a", "b"]),
    ]  # fmt: skip


def test_a_class_of_several_groups_takes_a_selection_for_each() -> None:
    plain = {"has_default": True, "usable": True}
    described = {
        "summary": "Contacts.",
        "docs": {
            "u": ["Universe", "trajectory"],
            "select": ["tuple(AtomGroup, AtomGroup) | tuple(string, string)", "two groups"],
            "refgroup": ["tuple(AtomGroup, AtomGroup)", "two groups as they were"],
        },
        "parameters": [
            {"name": "u", "has_default": False, "usable": True, "default": None},
            {"name": "select", "has_default": False, "usable": True, "default": None},
            {"name": "refgroup", "has_default": False, "usable": True, "default": None},
            {"name": "radius", "default": 4.5, **plain},
            {"name": "cell", "default": None, **plain},
        ],
    }
    draft = draft_from_analysis("near", "x.Contacts", described, {"refgroup": ["name CA", "name CB"], "cell": 3.0})
    groups = {"type": "list", "items": "selection", "min_items": 2, "max_items": 2}
    few = ["protein and name CA"] * 2
    assert dict(draft.parameters) == {
        "select": {**groups, "default": few, "doc": "two groups"},
        "refgroup": {**groups, "default": ["name CA", "name CB"], "doc": "two groups as they were"},
        "radius": {"type": "float", "default": 4.5, "doc": "As in Contacts"},
        "cell": {"type": "float", "default": 3.0, "doc": "As in Contacts"},
    }
    assert "select=tuple(select)" in draft.module(None)
    assert "refgroup=tuple(map(universe.select_atoms, refgroup))" in draft.module(None)


@pytest.mark.parametrize(
    ("function", "message", "remedy"),
    [
        ("unclear", "nobody can tell what 'thing' is", "annotate it, such as thing: float"),
        ("nothing", "nothing in .* takes nothing", "let it take a Universe or an AtomGroup"),
        ("absent", "has no function 'absent'", "name one of size, lengths, heights, outer, unclear, nothing"),
    ],
)
def test_what_no_method_can_be_made_of_is_said(script: Path, function: str, message: str, remedy: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        draft_from_function("mine", script, function)
    assert str(caught.value.remedy).startswith(remedy)


def test_a_file_that_is_no_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(:\n")
    with pytest.raises(ArgumentError, match="no Python that can be read"):
        draft_from_function("mine", tmp_path / "mine.py", "f")


def test_names_of_fields_are_allowed_ones() -> None:
    assert [field_name(entry) for entry in ("rmsd", "R2", "times", "2d map", "_count", "?", "class")] == [
        "rmsd", "r2", "times_", "d_map", "count", "value", "class_",
    ]  # fmt: skip


def failures(files: dict[str, str], tmp_path: Path) -> list[tuple[str, str]]:
    """Names and messages of what does not hold."""
    bundle = read_bundle({path: text.encode() for path, text in files.items()})
    samples = find_or_build_samples(default_environments_folder())
    report = run_gate(bundle, run=WithoutAWall(tmp_path / "runs"), samples=samples)
    return [(one.name, one.message) for one in report.failures]


def without_the_trap(script: Path) -> Path:
    script.write_text(SCRIPT.replace('raise SystemExit("this file was run")', ""))
    return script


@pytest.mark.parametrize(
    ("function", "kind", "fields"),
    [
        ("size", "TimeSeries", {"mine": ("float64", ["frame"])}),
        ("lengths", "Composite", {"all": ("int64", ["frame"]), "r2": ("float64", [])}),
        ("heights", "TimeSeries", {"mine": ("float32", ["frame"])}),
        (
            "outer",
            "TimeSeries",
            {"middle": ("float64", ["frame", "middle_axis_2"]), "mine_2": ("float64", ["frame"])},
        ),
    ],
)
def test_a_function_becomes_a_bundle_that_passes_the_gate(
    first: FirstRun, script: Path, tmp_path: Path, function: str, kind: str, fields: dict[str, tuple[str, list[str]]]
) -> None:
    draft = draft_from_function("mine", without_the_trap(script), function)
    files = first.complete(draft, "a student")
    result = tomllib.loads(files["method.toml"])["result"]
    assert result["type"] == kind
    assert {name: (one["dtype"], one["dims"]) for name, one in result["fields"].items()} == fields
    assert failures(files, tmp_path) == []


def test_a_class_becomes_a_bundle_that_passes_the_gate(first: FirstRun, tmp_path: Path) -> None:
    target = "MDAnalysis.analysis.rms.RMSF"
    draft = draft_from_analysis("fluctuation", target, first.describe_class(target))
    assert dict(draft.parameters) == {
        "atoms": {
            "type": "selection",
            "default": "protein",
            "doc": draft.parameters["atoms"]["doc"],
        }
    }
    assert draft.parameters["atoms"]["doc"].startswith("Atoms for which RMSF is calculated")
    files = first.complete(draft, "a student")
    assert tomllib.loads(files["method.toml"])["result"]["fields"] == {
        "rmsf": {"dtype": "float64", "dims": ["rmsf_axis_1"], "unit": "", "doc": f"rmsf of {target}"}
    }
    assert failures(files, tmp_path) == []


def test_what_is_no_analysis_is_refused(first: FirstRun) -> None:
    with pytest.raises(ArgumentError, match=r"MDAnalysis\.Universe is no class that derives from"):
        first.describe_class("MDAnalysis.Universe")


def test_a_draft_that_answers_nowhere_says_why(first: FirstRun) -> None:
    draft = Draft("bad", "Bad", lambda _: "def bad(universe, frames):\n    return {'x': 1 / 0}\n", {}, "bad.py:bad")
    with pytest.raises(ArgumentError, match=r"bad\.py:bad answers on no sample data") as caught:
        first.complete(draft, "a student")
    assert "on adk_dims: ZeroDivisionError: division by zero" in caught.value.message


def test_the_plain_example_is_whole(tmp_path: Path) -> None:
    new_method("example", folder=tmp_path / "example")
    bundle = read_folder(tmp_path / "example")
    assert (bundle.schema.name, sorted(bundle.files)) == (
        "example", ["README.md", "example.py", "method.toml", "tests/alpha_carbons.toml"],
    )  # fmt: skip
    samples = find_or_build_samples(default_environments_folder())
    assert run_gate(bundle, run=WithoutAWall(tmp_path / "runs"), samples=samples).passed
    with pytest.raises(ConflictError, match="is there already"):
        new_method("example", folder=tmp_path / "example")


def test_a_method_cannot_take_the_name_of_an_attribute(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="'size' cannot name a method"):
        new_method("size", folder=tmp_path / "size")
