"""Words of a command line become arguments of a method."""

from __future__ import annotations

from typing import Any

import pytest

from fomrepo.cli.schema_options import read_frames, read_options
from fomrepo.errors import ArgumentError
from fomrepo.model.arguments import canonical_arguments
from fomrepo.model.bundle import read_schema

SCHEMA = read_schema(
    {
        "name": "measure",
        "version": "1.0.0",
        "summary": "Measure",
        "entry": "measure:measure",
        "environment": "mdanalysis",
        "inputs": {"universe": "trajectory", "other": "trajectory"},
        "parameters": {
            "select": {"type": "selection", "default": "all", "doc": "Atoms"},
            "cutoff": {"type": "quantity", "unit": "angstrom", "default": 3.0, "doc": "How far", "optional": True},
            "bins": {"type": "int", "default": 10, "doc": "How many"},
            "mass_weighted": {"type": "bool", "default": True, "doc": "By mass"},
            "groups": {"type": "list", "items": "selection", "default": ["all"], "doc": "Groups"},
            "edges": {"type": "list", "items": "float", "default": [], "doc": "Edges"},
        },
        "result": {"type": "Scalar", "fields": {"value": {"dtype": "float64", "dims": []}}},
    }
)


@pytest.mark.parametrize(
    ("words", "files", "given"),
    [
        ([], [], {}),
        (["FOM-100000/b.dcd"], ["FOM-100000/b.dcd"], {}),
        (["--select", "name CA", "b"], ["b"], {"select": "name CA"}),
        (["--select=name CA"], [], {"select": "name CA"}),
        (["--cutoff", "-4.5", "--bins", "20"], [], {"cutoff": -4.5, "bins": 20}),
        (["--mass-weighted"], [], {"mass_weighted": True}),
        (["--no-mass-weighted", "b"], ["b"], {"mass_weighted": False}),
        (["--mass-weighted", "false", "b"], ["b"], {"mass_weighted": False}),
        (["--mass_weighted=no"], [], {"mass_weighted": False}),
        (["--groups", "name CA", "--groups", "name CB"], [], {"groups": ["name CA", "name CB"]}),
        (["--edges", "[0, 0.5, 1]"], [], {"edges": [0, 0.5, 1]}),
        (["--edges", "1", "--edges", "2.5"], [], {"edges": [1.0, 2.5]}),
    ],
)
def test_words_become_arguments(words: list[str], files: list[str], given: dict[str, Any]) -> None:
    assert read_options(SCHEMA, words) == (files, given)
    canonical_arguments(SCHEMA, given)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--selct", "all"], "did you mean 'select'"),
        (["--select"], "--select needs a value"),
        (["--no-bins"], "no argument 'no_bins'"),
    ],
)
def test_a_wrong_option_is_named(words: list[str], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_options(SCHEMA, words)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "words", [["--bins", "2.5"], ["--cutoff", "far"], ["--mass-weighted=perhaps"], ["--edges", "x"]]
)
def test_a_text_that_is_no_value_is_refused_by_the_schema(words: list[str]) -> None:
    _, given = read_options(SCHEMA, words)
    with pytest.raises(ArgumentError, match=words[0].partition("=")[0][2:].replace("-", "_")):
        canonical_arguments(SCHEMA, given)


def test_frames_are_listed_with_commas() -> None:
    assert read_frames("0,10, 20") == [0, 10, 20]
    assert read_frames(None) is None
