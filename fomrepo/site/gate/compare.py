"""Golden values against what came out, and two answers against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from fomrepo.model.golden_cases import Expectation
from fomrepo.site.gate.answers import Answered, Numbers

#: Largest difference between one pass and combined parts, relative to the largest number of the field, or to 1 if that
#: is larger; single precision cannot be that near, and gets four times its own rounding.
SPLIT_TOLERANCE = 1e-9

_OF: Mapping[str, Callable[[Numbers], Any]] = {
    "first": lambda values: values.reshape(-1)[0],
    "last": lambda values: values.reshape(-1)[-1],
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
}


def disagreements(expected: Expectation, found: Answered | None) -> list[str]:
    """What of an expectation does not hold, a sentence each."""
    name = expected.field
    if found is None:
        return [f"{name} is not in the answer"]
    wrong = []
    if expected.shape is not None and expected.shape != found.shape:
        wrong.append(f"{name} has the shape {list(found.shape)}, expected {list(expected.shape)}")
    for statement, value in expected.stated.items():
        if found.field.dtype == "string":
            if found.nested() != value:
                wrong.append(f"{name} is {_shown(found.nested())}, expected {_shown(value)}")
        elif statement == "value":
            wrong += _value_disagreements(expected, found, value)
        elif not found.values.size:
            wrong.append(f"{name} is empty, expected its {statement} to be {value}")
        else:
            number = _OF[statement](found.values)
            if not _within(expected, number, value):
                wrong.append(f"{statement} of {name} is {number:.9g}, expected {value:.9g} within {_bound(expected)}")
    return wrong


def differences(one: Mapping[str, Answered], other: Mapping[str, Answered]) -> list[str]:
    """Fields in which two answers to the same question differ by more than rounding, a sentence each."""
    wrong = []
    for name in sorted(set(one) | set(other)):
        if name not in one or name not in other:
            wrong.append(f"{name} is in one of them only")
            continue
        a, b = one[name].values, other[name].values
        if a.shape != b.shape:
            wrong.append(f"{name} has the shapes {list(a.shape)} and {list(b.shape)}")
        elif a.dtype.kind in "fc":
            scale = max(float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a))), 1.0)
            bound = max(SPLIT_TOLERANCE, 4 * float(np.finfo(a.dtype).eps)) * scale
            if not np.allclose(a, b, rtol=0.0, atol=bound, equal_nan=True):
                wrong.append(f"{name} differs by up to {np.nanmax(np.abs(a - b)):.3g}")
        elif not np.array_equal(a, b):
            wrong.append(f"{name} differs")
    return wrong


def _value_disagreements(expected: Expectation, found: Answered, value: Any) -> list[str]:
    wanted = dict(_leaves(value))
    if len(wanted) != found.values.size or wanted.keys() != (numbers := dict(_leaves(found.nested()))).keys():
        return [f"{expected.field} has the shape {list(found.shape)}, another than the stated value"]
    wrong = [place for place, number in wanted.items() if not _within(expected, numbers[place], number)]
    if not wrong:
        return []
    first = wrong[0]
    where = "".join(f"[{index}]" for index in first)
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return [
        f"{expected.field}{where} is {numbers[first]:.9g}, expected {wanted[first]:.9g} within {_bound(expected)}{more}"
    ]


def _leaves(value: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Give the numbers in nested lists, each with its indices."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _leaves(one, (*place, index))
    else:
        yield place, value


def _within(expected: Expectation, number: Any, wanted: float) -> bool:
    """Whether a number is near enough; NaN never is."""
    return bool(abs(number - wanted) <= max(expected.tolerance, expected.relative * abs(wanted)))


def _bound(expected: Expectation) -> str:
    bounds = [f"{expected.tolerance:g}"] if expected.tolerance or not expected.relative else []
    bounds += [f"{expected.relative:g} of it"] if expected.relative else []
    return " or ".join(bounds)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
