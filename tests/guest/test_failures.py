"""What a method raises, told with its own lines and with whose fault it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fomrepo.installed_files import installed_folder
from sandbox.load import load_input
from tests.guest.runs import LIMITS, method_request, outcome_of, read_outcome


def run_source(tmp_path: Path, source: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a method of that source in place of rmsd."""
    folder = tmp_path / "method"
    folder.mkdir(exist_ok=True)
    (folder / "rmsd.py").write_text(source)
    return read_outcome(outcome_of(replace(method_request("rmsd", "adk_dims"), **changes), folder))


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("return x / 0", "NameError", "name 'x' is not defined"),
        ("return 1 / 0", "ZeroDivisionError", "division by zero"),
        ("raise SystemExit(3)", "SystemExit", "3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("return {'rmsd': [1.0]}", "ResultMismatchError", "1 along 'frame', where 98"),
        ("return [1.0]", "ResultMismatchError", "returned list, not a dict"),
        ("import nothing_of_this_name", "ModuleNotFoundError", "nothing_of_this_name"),
        ("class E(Exception):\n        def __str__(self): return 1 / 0\n    raise E", "E", "could not be made"),
    ],
)
def test_what_a_method_raises_is_its_own_fault(tmp_path: Path, body: str, kind: str, message: str) -> None:
    outcome, tensors = run_source(tmp_path, f"def rmsd(u, frames, **_):\n    {body}\n")
    assert (outcome["status"], outcome["fault"], outcome["type"], outcome["limit"]) == ("failed", "method", kind, None)
    assert message in outcome["message"]
    assert tensors == {}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("class ArgumentError(Exception): pass", "argument"),
        ("class ArgumentError(ValueError): pass", "argument"),
        ("class OtherError(Exception): pass\nArgumentError = OtherError", "method"),
        ("from ctypes import ArgumentError", "method"),
    ],
)
def test_a_method_blames_an_argument_by_an_exception_class_of_its_own(tmp_path: Path, source: str, fault: str) -> None:
    outcome, _ = run_source(tmp_path, f"{source}\ndef rmsd(u, frames, **_):\n    raise ArgumentError('select=')\n")
    assert (outcome["fault"], outcome["message"]) == (fault, "select=")


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ("raise MemoryError", {"name": "memory"}),
        ('raise RuntimeError("can\'t start new thread")', {"name": "processes"}),
        ("raise OSError(24, 'Too many open files')", {"name": "open_files"}),
        ("raise OSError(2, 'No such file')", None),
        ("raise RuntimeError('can\\'t start')", None),
    ],
)
def test_a_limit_that_a_method_meets_is_named(tmp_path: Path, body: str, limit: dict[str, Any] | None) -> None:
    outcome, _ = run_source(tmp_path, f"def rmsd(u, frames, **_):\n    {body}\n")
    assert outcome["fault"] == ("method" if limit is None else "limit")
    if limit is None or limit["name"] == "memory":
        assert outcome["limit"] == limit
    else:
        assert outcome["limit"]["name"] == limit["name"]
        assert outcome["limit"]["allowed"] == outcome["limit"]["used"] != 0


def test_source_that_is_no_python_is_told(tmp_path: Path) -> None:
    outcome, _ = run_source(tmp_path, "def rmsd(:\n")
    assert (outcome["fault"], outcome["type"]) == ("method", "SyntaxError")
    assert "rmsd.py, line 1" in outcome["message"]


def test_a_function_that_is_not_there_is_told(tmp_path: Path) -> None:
    outcome, _ = run_source(tmp_path, "")
    assert (outcome["fault"], outcome["type"]) == ("method", "AttributeError")


def test_only_frames_of_the_method_are_told_outermost_first(tmp_path: Path) -> None:
    source = (
        "import json\n\ndef rmsd(u, frames, **_):\n    return inner('{')\n\ndef inner(x):\n    return json.loads(x)\n"
    )
    outcome, _ = run_source(tmp_path, source)
    assert outcome["type"] == "JSONDecodeError"
    assert outcome["frames"] == [
        {"file": "rmsd.py", "line": 4, "function": "rmsd", "source": "return inner('{')"},
        {"file": "rmsd.py", "line": 7, "function": "inner", "source": "return json.loads(x)"},
    ]


def test_endless_recursion_tells_the_innermost_frames(tmp_path: Path) -> None:
    outcome, _ = run_source(tmp_path, "def rmsd(u, frames, **_):\n    return rmsd(u, frames)\n")
    assert (outcome["type"], len(outcome["frames"])) == ("RecursionError", 32)


def test_a_message_is_cut_to_its_limit_between_two_characters(tmp_path: Path) -> None:
    outcome, _ = run_source(tmp_path, "def rmsd(u, frames, **_):\n    raise ValueError('a' + 'é' * 5000)\n")
    assert outcome["message"] == "a" + "é" * 2047


def test_a_selection_that_finds_nothing_is_the_argument_s_fault(tmp_path: Path) -> None:
    arguments = {**method_request("rmsd", "adk_dims").arguments, "select": "name XX"}
    outcome, _ = run_source(tmp_path, "", arguments=arguments)
    assert (outcome["fault"], outcome["frames"]) == ("argument", [])
    assert "select='name XX' finds no atom in adk_dims.dcd" in outcome["message"]


def test_a_result_beyond_its_limit_is_told(tmp_path: Path) -> None:
    source = "def rmsd(u, frames, **_):\n    return {'rmsd': [0.0] * len(frames)}\n"
    outcome, _ = run_source(tmp_path, source, limits=replace(LIMITS, result_bytes=1000))
    assert (outcome["fault"], outcome["limit"]) == ("limit", {"name": "result", "allowed": 1000, "used": 2600})


def test_random_numbers_are_those_of_the_question(tmp_path: Path) -> None:
    source = (
        "import random, numpy\n"
        "def rmsd(u, frames, **_):\n"
        "    return {'rmsd': numpy.random.random(len(frames)) + random.random()}\n"
    )
    first, again, other = (
        run_source(tmp_path, source, arguments={"select": select})[1]["rmsd"]
        for select in ("name CA", "name CA", "name CB")
    )
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_a_group_without_masses_is_named() -> None:
    request = method_request("distance", "adk_dims", {"select_a": "resid 1", "select_b": "resid 2", "center": "mass"})
    universe = load_input(request.inputs[0])
    universe.select_atoms("resid 2").masses = 0.0
    outcome, _ = read_outcome(outcome_of(request, installed_folder("methods") / "distance", held=[universe]))
    assert outcome["fault"] == "argument"
    assert outcome["message"] == "the 24 atoms of select_b have no masses here; call again with center='geometry'"


@pytest.mark.parametrize(
    ("name", "data", "arguments", "message"),
    [
        ("rmsd", "adk_oplsaa", {"select": "name CA", "whole": True}, "whole=True needs bonds"),
        ("rmsd", "adk_dims", {"select": "name CA", "whole": True}, "no periodic cell"),
        ("distance", "adk_dims", {"select_a": "resid 1", "select_b": "resid 2", "periodic": True}, "no periodic cell"),
        ("rmsd", "adk_dims", {"ref_frame": 98}, "ref_frame=98 is beyond the 98 frames"),
    ],
)
def test_what_the_data_cannot_give_is_the_argument_s_fault(
    name: str, data: str, arguments: dict[str, Any], message: str
) -> None:
    request = method_request(name, data, arguments)
    outcome, _ = read_outcome(outcome_of(request, installed_folder("methods") / name))
    assert outcome["fault"] == "argument"
    assert message in outcome["message"]
