"""Containers: mapped without copying, and held against the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fomrepo.client.results.fields import read_fields
from fomrepo.client.results.kinds import Composite, result_class
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, OutcomeRefusedError
from fomrepo.model.bundle import read_schema
from fomrepo.model.methods import RESULT_TYPES, ResultField, ResultSchema
from fomrepo.model.operations import Provenance
from tests.client.scripted_site import RMSD, container

I64 = np.int64


def schema(*fields: ResultField, kind: str = "Composite") -> ResultSchema:
    return ResultSchema(kind, fields)


def field(name: str, dtype: str, *dims: str, unit: str = "", optional: bool = False) -> ResultField:
    return ResultField(name, dtype, dims, unit, optional=optional)


def strings(name: str, *texts: str) -> dict[str, np.ndarray]:
    utf8 = [one.encode() for one in texts]
    offsets = np.cumsum([0, *map(len, utf8)], dtype=I64)
    return {f"{name}:utf8": np.frombuffer(b"".join(utf8), np.uint8), f"{name}:offsets": offsets}


def test_every_kind_of_field_is_read() -> None:
    data = container(
        {
            "plane": np.arange(6.0).reshape(2, 3),
            "count": np.array(7),
            "good": np.array([True, False]),
            "wave:real": np.array([1.0, 2.0]),
            "wave:imag": np.array([0.5, 0.0]),
            "rows:values": np.array([1, 2, 3], np.int32),
            "rows:offsets": np.array([0, 2, 3], I64),
            **strings("names", "CA", "Cβ"),
            **strings("title", "adenylate kinase"),
        }
    )
    found = read_fields(
        data,
        schema(
            field("plane", "float64", "frame", "xyz"),
            field("count", "int64"),
            field("good", "bool", "frame"),
            field("wave", "complex128", "frame"),
            field("rows", "int32", "frame", "*"),
            field("names", "string", "frame"),
            field("title", "string"),
            field("absent", "float64", "frame", optional=True),
        ),
    )
    np.testing.assert_array_equal(found["plane"], np.arange(6.0).reshape(2, 3))
    assert (found["count"], found["title"], found["absent"]) == (7, "adenylate kinase", None)
    assert type(found["count"]) is int
    assert found["good"].tolist() == [True, False]
    assert found["wave"].tolist() == [1 + 0.5j, 2]
    assert [row.tolist() for row in found["rows"]] == [[1, 2], [3]]
    assert found["names"].tolist() == ["CA", "Cβ"]
    assert (found["names"] == "CA").tolist() == [True, False]
    for name in ("plane", "good", "wave", "names"):
        assert not found[name].flags.writeable
    assert not found["plane"].flags.owndata


def test_nothing_is_copied() -> None:
    data = container({"a": np.zeros(1000)})
    base = np.frombuffer(data, np.uint8)
    assert np.shares_memory(read_fields(data, schema(field("a", "float64", "n")))["a"], base)


A = field("a", "float64", "n")
TEXT = field("t", "string", "n")
ROWS = field("r", "float64", "n", "*")


@pytest.mark.parametrize(
    ("tensors", "declared", "said"),
    [
        ({}, [A], "no 'a'"),
        ({"a": np.zeros(3), "b": np.zeros(3)}, [A], "'b', which the method does not declare"),
        ({"a": np.zeros(3, np.float32)}, [A], "is F32, the method declares F64"),
        ({"a": np.zeros((3, 3))}, [A], "has 2 axes, the method declares 1"),
        ({"a": np.zeros(3)}, [field("a", "float64")], "has 1 axes, the method declares 0"),
        ({"a": np.zeros((3, 4))}, [field("a", "float64", "n", "xyz")], "the axis 'xyz' of 'a' has 4 entries"),
        ({"a": np.zeros(3), "b": np.zeros(4)}, [A, field("b", "float64", "n")], "the axis 'n' of 'b' has 4"),
        ({"a": np.array([2], np.uint8)}, [field("a", "uint8", "n"), A], "no 'a'"),
        ({"t:utf8": np.array([255], np.uint8), "t:offsets": np.array([0, 1])}, [TEXT], "no UTF-8"),
        ({"t:utf8": np.zeros(2, np.uint8), "t:offsets": np.array([0, 1])}, [TEXT], "do not cover"),
        ({"t:utf8": np.zeros(2, np.uint8), "t:offsets": np.array([1, 2])}, [TEXT], "do not cover"),
        ({"t:utf8": np.zeros(2, np.uint8), "t:offsets": np.array([], I64)}, [TEXT], "no borders"),
        ({"r:values": np.zeros(2), "r:offsets": np.array([0, 2, 1, 2])}, [ROWS], "do not cover"),
        ({"r:values": np.zeros(2), "r:offsets": np.array([0, 2**63 - 1, -(2**63), 2])}, [ROWS], "do not cover"),
        ({**strings("t", "a", "b")}, [field("t", "string")], "has 2 texts"),
        ({"t:utf8": np.zeros(2, np.uint8)}, [TEXT], "no 't:offsets'"),
        ({"z:real": np.zeros(2), "z:imag": np.zeros(3)}, [field("z", "complex128", "n")], "differ in shape"),
    ],
)
def test_what_is_not_declared_is_refused(
    tensors: dict[str, np.ndarray], declared: list[ResultField], said: str
) -> None:
    with pytest.raises(OutcomeRefusedError, match=said):
        read_fields(container(tensors), schema(*declared))


def test_an_impossible_shape_is_refused() -> None:
    data = container({"a": np.zeros((0, 1))}, claimed={"a": [0, 2**62]})
    with pytest.raises(OutcomeRefusedError, match="impossible shape"):
        read_fields(data, schema(field("a", "float64", "n", "m")))


def test_truth_has_two_values() -> None:
    data = bytearray(container({"a": np.array([True])}))
    data[-1] = 2
    with pytest.raises(OutcomeRefusedError, match="neither true nor false"):
        read_fields(bytes(data), schema(field("a", "bool", "n")))


def test_every_cut_and_every_added_byte_is_refused() -> None:
    data, declared = container({"a": np.zeros(3), **strings("t", "x", "y", "z")}), schema(A, TEXT)
    for size in range(len(data)):
        with pytest.raises(OutcomeRefusedError):
            read_fields(data[:size], declared)
    with pytest.raises(OutcomeRefusedError):
        read_fields(data + b"\0", declared)


def test_a_failure_is_no_result() -> None:
    with pytest.raises(OutcomeRefusedError, match="succeeded"):
        read_fields(container({"a": np.zeros(3)}, {"status": "failed"}), schema(A))


@pytest.fixture
def result() -> Result:
    method = read_schema(RMSD)
    kind = ResultSchema(
        "Composite",
        (
            field("length", "float64", "n", unit="angstrom"),
            field("size", "float64", unit="nm"),
            field("energy", "float64", unit="kJ/mol"),
            field("rows", "float64", "n", "*", unit="angstrom"),
            field("label", "string"),
        ),
    )
    provenance = Provenance("op", "site-a", "rmsd", "1.0.0", "d", "e", (), {}, False, 1.0, 2.0, "cold")
    values: dict[str, Any] = {
        "length": np.array([10.0, 20.0]),
        "size": 1.5,
        "energy": 4.184,
        "rows": (np.array([10.0]), np.array([])),
        "label": "<b>bold</b>",
    }
    return Composite(values, replace(method, result=kind), provenance)


def test_units_are_converted_only_when_asked(result: Result) -> None:
    short = result.to("nm")
    assert short.length.tolist() == [1.0, 2.0]
    assert short.size == 1.5
    assert [row.tolist() for row in short.rows] == [[1.0], []]
    assert short.units == {"length": "nm", "size": "nm", "energy": "kJ/mol", "rows": "nm", "label": ""}
    assert result.units["length"] == "angstrom"
    assert result.to("kcal/mol").energy == pytest.approx(1.0)
    with pytest.raises(ArgumentError, match="no field"):
        result.to("ps")
    with pytest.raises(ArgumentError, match="not a unit"):
        result.to("furlong")


def test_a_result_shows_itself(result: Result) -> None:
    assert {"length", "units", "cite", "to"} <= set(dir(result))
    assert "length  float64 (n), angstrom  2: 10 to 20, mean 15" in repr(result)
    assert "<b>bold" not in result._repr_html_()
    assert "&lt;b&gt;bold" in result._repr_html_()
    with pytest.raises(AttributeError, match="did you mean length"):
        result.lenght  # noqa: B018 - asking is the test


def test_every_result_type_has_a_class() -> None:
    assert [result_class(name).__name__ for name in RESULT_TYPES] == list(RESULT_TYPES)
