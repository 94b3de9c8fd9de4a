"""Golden values against what came out: numbers within their tolerance, texts and shapes exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fomrepo.model.golden_cases import Expectation
from fomrepo.model.methods import ResultField
from fomrepo.site.gate.answers import Answered
from fomrepo.site.gate.compare import differences, disagreements


def numbers(values: Any, dtype: str = "float64") -> Answered:
    array = np.array(values, dtype)
    return Answered(ResultField("rmsd", dtype, ("frame",) * array.ndim, ""), array, None)


def ragged(rows: list[list[float]]) -> Answered:
    borders = np.cumsum([0, *map(len, rows)])
    field = ResultField("rmsd", "float64", ("frame", "*"), "")
    return Answered(field, np.concatenate([np.array(row, float) for row in rows]), borders)


def texts(values: Any) -> Answered:
    return Answered(ResultField("rmsd", "string", ("atom",), ""), np.array(values, object), None)


def wrong(found: Answered | None, *, shape: tuple[int, ...] | None = None, **stated: Any) -> list[str]:
    tolerances = {name: stated.pop(name) for name in ("tolerance", "relative") if name in stated}
    return disagreements(Expectation("rmsd", "by hand", shape, stated, **tolerances), found)


@pytest.mark.parametrize(
    ("found", "stated"),
    [
        (numbers([1, 2, 6]), {"first": 1, "last": 6, "mean": 3, "min": 1, "max": 6, "shape": (3,)}),
        (numbers([1, 2, 6]), {"value": [1.05, 1.95, 6], "tolerance": 0.051}),
        (numbers([[1, 2], [3, 4]]), {"value": [[1, 2], [3, 4]], "first": 1, "last": 4, "shape": (2, 2)}),
        (numbers(5.0), {"value": 5.1, "relative": 0.02, "shape": ()}),
        (numbers([True, False], "bool"), {"value": [True, False], "mean": 0.5}),
        (ragged([[1, 2], [], [3]]), {"value": [[1, 2], [], [3]], "shape": (3,), "last": 3}),
        (texts(["CA", "CB"]), {"value": ["CA", "CB"], "shape": (2,)}),
        (numbers([]), {"shape": (0,), "value": []}),
    ],
)
def test_what_is_near_enough_holds(found: Answered, stated: dict[str, Any]) -> None:
    assert wrong(found, **stated) == []


@pytest.mark.parametrize(
    ("found", "stated", "message"),
    [
        (None, {"first": 1}, "rmsd is not in the answer"),
        (numbers([1, 2]), {"shape": (3,)}, "rmsd has the shape [2], expected [3]"),
        (numbers([1, 2]), {"last": 2.2, "tolerance": 0.1}, "last of rmsd is 2, expected 2.2 within 0.1"),
        (numbers([1, 2]), {"mean": 1, "relative": 0.1}, "mean of rmsd is 1.5, expected 1 within 0.1 of it"),
        (numbers([1, np.nan]), {"mean": 1, "tolerance": 9}, "mean of rmsd is nan, expected 1 within 9"),
        (numbers([]), {"mean": 1}, "rmsd is empty, expected its mean to be 1"),
        (
            numbers([1, 2, 3]),
            {"value": [1, 2.5, 9]},
            "rmsd[1] is 2, expected 2.5 within 0, and 1 more",
        ),
        (numbers([1, 2, 3]), {"value": [1, 2]}, "rmsd has the shape [3], another than the stated value"),
        (numbers([[1, 2]]), {"value": [[1], [2]]}, "rmsd has the shape [1, 2], another than the stated value"),
        (ragged([[1], [2, 3]]), {"value": [[1, 2], [3]]}, "rmsd has the shape [2], another than the stated value"),
        (texts(["CA"]), {"value": ["CB"]}, "rmsd is ['CA'], expected ['CB']"),
    ],
)
def test_what_is_not_is_said_with_both_numbers(found: Answered | None, stated: dict[str, Any], message: str) -> None:
    assert wrong(found, **stated) == [message]


def test_parts_may_differ_from_the_whole_by_rounding_alone() -> None:
    whole = numbers([1e3, 1.0])
    assert differences({"rmsd": whole}, {"rmsd": numbers([1e3, 1.0 + 9e-7])}) == []
    assert differences({"rmsd": whole}, {"rmsd": numbers([1e3, 1.0 + 3e-6])}) == ["rmsd differs by up to 3e-06"]
    assert differences({"rmsd": whole}, {"rmsd": numbers([1e3])}) == ["rmsd has the shapes [2] and [1]"]
    assert differences({"rmsd": whole}, {}) == ["rmsd is in one of them only"]


def test_single_precision_may_round_as_coarsely_as_it_does() -> None:
    whole, parts = numbers([1.0], "float32"), numbers([1.0 + 2**-23], "float32")
    assert differences({"rmsd": whole}, {"rmsd": parts}) == []


def test_missing_numbers_are_the_same_on_both_sides() -> None:
    assert differences({"rmsd": numbers([np.nan, 1])}, {"rmsd": numbers([np.nan, 1])}) == []
    assert differences({"rmsd": numbers([np.nan, 1])}, {"rmsd": numbers([1, 1])}) != []


def test_integers_and_texts_are_the_same_or_not() -> None:
    assert differences({"rmsd": numbers([1], "int64")}, {"rmsd": numbers([2], "int64")}) == ["rmsd differs"]
    assert differences({"rmsd": texts(["CA"])}, {"rmsd": texts(["CB"])}) == ["rmsd differs"]
