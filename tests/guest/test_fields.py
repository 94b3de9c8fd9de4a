"""What a method returned, against what it declares."""

from __future__ import annotations

import numpy as np
import pytest

from sandbox.fields import ResultMismatchError, result_tensors
from sandbox.request import Field


def declared(dtype: str, *dims: str, optional: bool = False) -> tuple[Field, ...]:
    return (Field("x", dtype, dims, optional),)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float64", 1),
        ("float64", np.float32(1)),
        ("float32", 1.0),
        ("int64", True),
        ("int64", np.int8(1)),
        ("uint8", 1),
        ("bool", np.True_),
    ],
)
def test_a_number_becomes_a_scalar_of_the_declared_dtype(dtype: str, value: object) -> None:
    tensors = result_tensors({"x": value}, declared(dtype), None)
    assert tensors["x"].shape == ()
    assert tensors["x"].dtype == np.dtype(dtype)
    assert tensors["x"] == 1


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int64", 1.5),
        ("uint8", 300),
        ("uint8", -1),
        ("bool", 1),
        ("float64", 1j),
        ("float64", "1"),
        ("float64", [1.0]),
        ("float64", object()),
    ],
)
def test_a_value_that_would_lose_something_is_refused(dtype: str, value: object) -> None:
    with pytest.raises(ResultMismatchError, match="'x' is declared as"):
        result_tensors({"x": value}, declared(dtype), None)


def test_values_under_a_mask_are_refused() -> None:
    with pytest.raises(ResultMismatchError, match=r"'x' came with values under a mask.*fill them, with nan"):
        result_tensors({"x": np.ma.array([1.0, 2.0], mask=[False, True])}, declared("float64", "row"), None)
    assert result_tensors({"x": np.ma.array([1.0, 2.0])}, declared("float64", "row"), None)["x"].tolist() == [1.0, 2.0]


def test_complex_numbers_are_two_tensors() -> None:
    tensors = result_tensors({"x": [1 + 2j]}, declared("complex128", "row"), None)
    assert {name: array.tolist() for name, array in tensors.items()} == {"x:real": [1.0], "x:imag": [2.0]}


def test_texts_are_bytes_and_borders() -> None:
    tensors = result_tensors({"x": np.array(["é", "", "ab"])}, declared("string", "row"), None)
    assert tensors["x:utf8"].tobytes() == "éab".encode()
    assert tensors["x:offsets"].tolist() == [0, 2, 2, 4]


def test_a_single_text_has_one_row() -> None:
    assert result_tensors({"x": "ab"}, declared("string"), None)["x:offsets"].tolist() == [0, 2]


def test_rows_of_different_length_are_values_and_borders() -> None:
    tensors = result_tensors({"x": [[1, 2], [], [3]]}, declared("int64", "row", "*"), None)
    assert tensors["x:values"].tolist() == [1, 2, 3]
    assert tensors["x:offsets"].tolist() == [0, 2, 2, 3]
    assert tensors["x:values"].dtype == np.int64


def test_dims_of_one_name_have_one_length() -> None:
    fields = (Field("a", "float64", ("atom",), False), Field("b", "float64", ("atom",), False))
    with pytest.raises(ResultMismatchError, match="'b' has 2 along 'atom', where 3"):
        result_tensors({"a": np.zeros(3), "b": np.zeros(2)}, fields, None)


def test_xyz_has_three_components() -> None:
    with pytest.raises(ResultMismatchError, match="2 along 'xyz'"):
        result_tensors({"x": np.zeros((4, 2))}, declared("float64", "atom", "xyz"), None)


def test_frames_are_those_of_the_run() -> None:
    with pytest.raises(ResultMismatchError, match="4 along 'frame', where 5"):
        result_tensors({"x": np.zeros(4)}, declared("float64", "frame"), 5)


def test_an_optional_field_may_be_none() -> None:
    assert result_tensors({"x": None}, declared("float64", optional=True), None) == {}


@pytest.mark.parametrize("returned", [None, [1.0], {}, {"x": None}, {"x": 1.0, "y": 2.0}])
def test_anything_but_the_declared_fields_is_refused(returned: object) -> None:
    with pytest.raises(ResultMismatchError):
        result_tensors(returned, declared("float64"), None)
