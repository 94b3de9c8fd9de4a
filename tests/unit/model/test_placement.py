"""Which sites can have all files of a call, and what each would have to fetch."""

from __future__ import annotations

import pytest

from fomrepo.model.placement import bytes_to_fetch

SIZES = {"large": 900, "small": 40, "topology": 7}


@pytest.mark.parametrize(
    ("good", "objects", "expected"),
    [
        pytest.param({"a": ["large"], "b": ["small"]}, ["large", "small"], {"a": 40, "b": 900}, id="scattered"),
        pytest.param({"a": ["large"], "b": ["large", "small"]}, ["large", "small"], {"b": 0}, id="one has all"),
        pytest.param({"a": ["large"], "b": []}, ["large", "small"], {}, id="one is nowhere"),
        pytest.param({}, ["large"], {}, id="nothing is anywhere"),
        pytest.param({"a": ["large"], "c": ["other"]}, ["large"], {"a": 0}, id="others do not count"),
        pytest.param(
            {"a": ["large", "topology"], "b": ["small"], "c": ["topology"]},
            ["large", "topology", "small"],
            {"a": 40, "b": 907, "c": 940},
            id="three sites",
        ),
        pytest.param(
            {"a": ["large"], "b": ["offsets"]}, ["large", "offsets"], {"a": 0, "b": 900}, id="offsets are small"
        ),
    ],
)
def test_bytes_to_fetch(good: dict[str, list[str]], objects: list[str], expected: dict[str, int]) -> None:
    assert bytes_to_fetch(good, objects, SIZES) == expected
