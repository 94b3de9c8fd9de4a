"""Arguments that are checked before anything is sent."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from fomrepo.errors import ArgumentError
from fomrepo.model.arguments import canonical_value
from fomrepo.model.methods import Parameter


@pytest.mark.parametrize(
    ("bounds", "given", "said"),
    [
        ({}, itertools.count(), "residues has more than 10000 items"),
        ({"max_items": 2}, [1, 2, 3], "residues has more than 2 items"),
        ({"min_items": 2}, [1], "residues has 1 items, at least 2 allowed"),
    ],
)
def test_a_list_is_read_no_further_than_it_may_be_long(bounds: dict[str, int], given: Any, said: str) -> None:
    parameter = Parameter("residues", "list", "Which residues", required=True, default=None, items="int", **bounds)
    with pytest.raises(ArgumentError, match=said):
        canonical_value(parameter, given)
