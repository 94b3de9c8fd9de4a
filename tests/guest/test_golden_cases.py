"""Each built-in method's golden cases, as its bundle states them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.model.bundle import read_bundle
from sandbox.request import FrameRange
from tests.guest.runs import Sample, method_request, outcome_of, read_outcome

METHODS = installed_folder("methods")
BUNDLES = sorted(path.parent for path in METHODS.glob("*/method.toml"))
CASES = sorted(METHODS.glob("*/tests/*.toml"))
STATED = {
    "value": lambda array: array,
    "first": lambda array: array.reshape(-1)[0],
    "last": lambda array: array.reshape(-1)[-1],
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
}


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_golden_case_holds(case: Path) -> None:
    stated = tomllib.loads(case.read_text())
    bundle, frames = case.parent.parent, FrameRange.from_json(stated.get("frames", {}))
    request = method_request(bundle.name, _data(stated["data"], bundle), stated.get("arguments", {}), frames)
    outcome, fields = read_outcome(outcome_of(request, bundle))
    if "fails" in stated:
        assert outcome.get("fault") == stated["fails"], outcome
        assert stated["message"] in outcome["message"]
    else:
        assert outcome == {"status": "ok"}, outcome
        for expected in stated["expect"]:
            _compare(np.asarray(fields[expected["field"]]), expected)


def _data(given: str | dict[str, str], bundle: Path) -> str | Sample:
    if isinstance(given, str):
        return given
    trajectory = given.get("trajectory") or given["file"]
    files = [str(bundle / name) for name in (given.get("topology", trajectory), trajectory)]
    return Sample(*files, tuple(Path(file).suffix[1:].upper() for file in files))


def _compare(found: np.ndarray, expected: dict[str, Any]) -> None:
    assert expected["source"], "a golden case says where its values come from"
    assert list(found.shape) == expected.get("shape", list(found.shape))
    for name, of in STATED.items():
        if name in expected and found.dtype.kind == "U":
            text = expected[name]
            assert found.tolist() == (text if isinstance(text, list) else [text])
        elif name in expected:
            tolerances = {"abs": expected.get("tolerance", 0.0), "rel": expected.get("relative", 0.0)}
            assert of(found) == pytest.approx(np.array(expected[name]), **tolerances), name


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_bundle_is_one_that_the_host_takes(bundle: Path) -> None:
    files = {
        str(path.relative_to(bundle)): path.read_bytes()
        for path in bundle.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert read_bundle(files).schema.name == bundle.name
    assert files["README.md"].startswith(b"# GUEST")
    assert any(path.startswith("tests/") for path in files), "no golden case"
