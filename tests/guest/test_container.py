"""The writer of outcome containers, against the safetensors package and against the host's own reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fomrepo.model import container as host
from sandbox.container import Container, ContainerError, canonical_json, read_tensor

DTYPES = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
NAMES = st.text("abcdefgh_0123", min_size=1, max_size=12)


def any_array() -> st.SearchStrategy[np.ndarray]:
    """Arrays of every dtype, byte order and memory order, empty and scalar ones too."""
    shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    made = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(np.dtype(dtype), shapes))
    turned = st.sampled_from((np.asarray, np.transpose, lambda a: a.astype(a.dtype.newbyteorder(">"))))
    return st.tuples(made, turned).map(lambda pair: pair[1](pair[0]))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, any_array(), max_size=6))
def test_safetensors_reads_what_was_written(tensors: dict[str, np.ndarray]) -> None:
    read = safetensors.numpy.load(Container({"status": "ok"}, tensors).to_bytes())
    assert read.keys() == tensors.keys()
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read[name], array)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, any_array(), max_size=6))
def test_host_reader_accepts_what_was_written(tensors: dict[str, np.ndarray]) -> None:
    data = Container({"status": "ok"}, tensors).to_bytes()
    end = host.header_end(data[:8], len(data))
    parsed = host.parse_header(data[8:end], len(data))
    assert parsed.outcome == {"status": "ok"}
    assert {name: tensor.shape for name, tensor in parsed.tensors.items()} == {
        name: array.shape for name, array in tensors.items()
    }
    for name, tensor in parsed.tensors.items():
        size, dtype = host.DTYPES[tensor.dtype]
        assert tensor.start % size == 0
        np.testing.assert_array_equal(
            np.frombuffer(data[tensor.start : tensor.end], dtype).reshape(tensor.shape), tensors[name]
        )


@given(st.dictionaries(NAMES, any_array(), min_size=2, max_size=5))
@settings(max_examples=50, deadline=None)
def test_equal_outcomes_have_equal_bytes_whatever_the_order(tensors: dict[str, np.ndarray]) -> None:
    turned = {name: np.array(tensors[name], order="F") for name in reversed(tensors)}
    assert Container({"a": 1, "b": 2}, tensors).to_bytes() == Container({"b": 2, "a": 1}, turned).to_bytes()


def test_length_is_known_before_the_bytes() -> None:
    container = Container({"status": "ok"}, {"a": np.arange(7, dtype=np.int16), "b": np.float64(1.0)})
    assert len(container) == len(container.to_bytes())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array(["a"]), "dtype"),
        (np.array([object()]), "dtype"),
        (np.zeros(1, np.complex128), "dtype"),
        (np.zeros(1, "M8[s]"), "dtype"),
        (np.zeros((1,) * 9), "dimensions"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(ContainerError, match=message):
        Container({}, {"x": array})


def test_more_tensors_than_allowed_are_refused() -> None:
    with pytest.raises(ContainerError, match="257 tensors"):
        Container({}, {f"x{number}": np.zeros(0) for number in range(257)})


def test_outcome_longer_than_allowed_is_refused() -> None:
    with pytest.raises(ContainerError, match="1048576"):
        Container({"message": "x" * (1 << 20)}, {})


def test_nan_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": float("nan")})


def test_half_a_surrogate_pair_does_not_break_the_outcome() -> None:
    data = Container({"message": "\ud800"}, {}).to_bytes()
    assert json.loads(json.loads(data[8:])["__metadata__"]["outcome"]) == {"message": "?"}


def test_read_tensor_gives_back_what_was_written(tmp_path: Path) -> None:
    offsets = np.array([0, 100, 250], np.int64)
    path = tmp_path / "offsets"
    path.write_bytes(Container({"status": "ok"}, {"offsets": offsets}).to_bytes())
    np.testing.assert_array_equal(read_tensor(str(path), "offsets"), offsets)


@pytest.mark.parametrize("damage", [lambda d: d[:4], lambda d: d[:-8], lambda d: b"\xff" * 8 + d[8:], lambda d: d[:8]])
def test_read_tensor_refuses_damaged_containers(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "offsets"
    path.write_bytes(damage(Container({}, {"offsets": np.arange(3)}).to_bytes()))
    with pytest.raises(ContainerError):
        read_tensor(str(path), "offsets")
