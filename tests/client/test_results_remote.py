"""Large results: their fields stay at the site, and a slice moves about its own bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from math import prod
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import fomrepo
from fomrepo.client import calls
from fomrepo.client.results.remote_array import GAP_BYTES, RemoteArray
from fomrepo.client.results.remote_bytes import RemoteBytes
from fomrepo.client.results.remote_fields import EAGER_BYTES, RemoteField, remote_fields
from fomrepo.errors import CallerError, NotFoundError, OutcomeRefusedError
from fomrepo.model.container import Tensor
from fomrepo.model.methods import ResultSchema
from fomrepo.wire.v1 import calls_pb2, files_pb2
from tests.client.scripted_site import RMSD, ScriptedSite, container, reply
from tests.client.test_fields import field, strings

CODES = {"<f8": "F64", "<f4": "F32", "<i8": "I64", "<i4": "I32", "|u1": "U8", "|b1": "BOOL"}


class Here(RemoteBytes):
    """Bytes that are here, in chunks of an odd size, and a count of those that were asked for."""

    def __init__(self, content: bytes, *, chunk: int = 1000) -> None:
        self.content, self.size, self.chunk = content, len(content), chunk
        self.asked: list[tuple[int, int]] = []

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        end = self.size if end is None else end
        self.asked.append((start, end))
        for first in range(start, end, self.chunk):
            yield self.content[first : min(first + self.chunk, end)]

    @property
    def moved(self) -> int:
        return sum(end - start for start, end in self.asked)


def remote(array: np.ndarray, *, before: int = 24) -> tuple[RemoteArray, Here]:
    source = Here(b"\0" * before + array.tobytes() + b"\0" * 9)
    tensor = Tensor("values", CODES[array.dtype.str], array.shape, before, before + array.nbytes)
    return RemoteArray(source, tensor), source


INDICES = arrays.basic_indices((7, 4, 3), allow_ellipsis=True)


@settings(max_examples=100, deadline=None)
@given(index=INDICES, dtype=st.sampled_from(sorted(CODES)))
def test_every_basic_index_gives_what_numpy_gives(index: Any, dtype: str) -> None:
    array = (np.arange(84) % 7).astype(dtype).reshape(7, 4, 3)
    found, expected = remote(array)[0][index], array[index]
    np.testing.assert_array_equal(found, expected)
    assert (found.dtype, np.shape(found)) == (expected.dtype, np.shape(expected))


@pytest.mark.parametrize(
    "index",
    [
        [3, 1, 1, -1],
        np.array([], np.int64),
        [],
        np.arange(7) % 2 == 0,
        ([5, 0], slice(None), 1),
        ([0, 6], [1, 2], [2, 0]),
        (slice(None), [1, 3]),
        (slice(1, 5), None, 2),
        np.ones((7, 4), bool),
        None,
        (),
        np.int64(-2),
        (np.int32(3), Ellipsis),
    ],
)
def test_other_indices_do_too(index: Any) -> None:
    array = np.arange(84.0).reshape(7, 4, 3)
    np.testing.assert_array_equal(remote(array)[0][index], array[index])


@pytest.mark.parametrize("index", [7, -8, [0, 7], (0, 4), "rmsd", 1.5])
def test_an_index_beyond_the_end_is_an_error(index: Any) -> None:
    with pytest.raises(IndexError):
        remote(np.arange(84.0).reshape(7, 4, 3))[0][index]


@pytest.mark.parametrize("shape", [(), (0,), (0, 4), (4, 0), (1,)])
def test_odd_shapes(shape: tuple[int, ...]) -> None:
    array = np.arange(float(prod(shape))).reshape(shape)
    found, _ = remote(array)
    np.testing.assert_array_equal(np.asarray(found), array)
    np.testing.assert_array_equal(remote(array)[0][...], array[...])
    assert sum(block.size for block in remote(array)[0].blocks()) == array.size


def test_a_slice_moves_its_own_bytes() -> None:
    array = np.arange(2_000_000.0).reshape(200, 10_000)  # a row has 80 kB
    row = 80_000
    for index, bound in (
        (slice(10, 20), 10 * row),
        (5, row),
        ((5, slice(10, 20)), 80),
        ((-1, -1), 8),
        (slice(None, None, 50), 4 * row),
        ([3, 150, 151], 3 * row),
        (slice(4, 9, 2), 5 * row),  # reading over one row is cheaper than asking again
    ):
        found, source = remote(array)
        np.testing.assert_array_equal(found[index], array[index])
        assert source.moved <= bound
    assert row < GAP_BYTES


def test_blocks_are_small_and_are_all() -> None:
    array = np.arange(3_000_000, dtype=np.float32).reshape(3000, 1000)
    found, source = remote(array)
    blocks = list(found.blocks())
    assert max(block.nbytes for block in blocks) <= 4 * 2**20
    np.testing.assert_array_equal(np.concatenate(blocks), array)
    assert source.asked == [(24, 24 + array.nbytes)]
    assert [len(block) for block in remote(array)[0].blocks(rows=1250)] == [1250, 1250, 500]
    np.testing.assert_array_equal(list(remote(array[:3])[0]), array[:3])


def test_all_of_it_is_fetched_once_and_mapped() -> None:
    array = np.arange(300_000.0)
    found, source = remote(array)
    whole = np.asarray(found)
    np.testing.assert_array_equal(whole, array)
    assert not whole.flags.writeable
    assert not whole.flags.owndata
    assert np.shares_memory(found[10:20], whole)
    assert np.array(found).flags.writeable
    assert float(np.sum(found)) == array.sum()
    assert [block.shape for block in found.blocks(rows=200_000)] == [(200_000,), (100_000,)]
    assert len(source.asked) == 1


def test_it_does_what_arrays_do_once_it_is_here() -> None:
    array = np.arange(6.0).reshape(2, 3)
    found, source = remote(array)
    assert found.mean(axis=0).tolist() == [1.5, 2.5, 3.5]
    np.testing.assert_array_equal(2 * found + found, 3 * array)
    np.testing.assert_array_equal(found > 2, array > 2)
    np.testing.assert_array_equal(np.concatenate([found, found]), np.concatenate([array, array]))
    np.testing.assert_array_equal(np.add.reduce(found), array.sum(axis=0))
    np.testing.assert_array_equal(found.T, array.T)
    assert found.max() == 5
    assert source.asked == [(24, 72)]


def test_it_says_what_it_is() -> None:
    found, source = remote(np.zeros((2, 3)))
    assert (found.shape, found.ndim, found.size, found.nbytes, len(found), found.dtype) == ((2, 3), 2, 6, 48, 2, float)
    assert repr(found) == "<RemoteArray float64 2x3, 4.8e-05 MB at the site>"
    with pytest.raises(AttributeError, match="an array has no 'medium'"):
        found.medium()
    with pytest.raises(ValueError, match="read-only"):
        found[0][0] = 1
    assert copy.deepcopy(found) is found
    assert source.asked == [(24, 48)]
    np.testing.assert_array_equal(ForkingPickler.loads(ForkingPickler.dumps(found)), np.zeros((2, 3)))


def test_a_lie_about_truth_is_noticed() -> None:
    array = np.zeros(5, np.uint8)
    array[3] = 2
    source = Here(array.tobytes())
    found = RemoteArray(source, Tensor("good", "BOOL", (5,), 0, 5))
    assert not found[:3].any()
    with pytest.raises(OutcomeRefusedError, match="neither true nor false"):
        found[2:4]


COUNT = EAGER_BYTES // 8 + 1
LARGE = {
    "positions": np.arange(3 * 200_000, dtype=np.float32).reshape(200_000, 3),
    "charge": np.arange(COUNT, dtype=np.int64),
    "small": np.array([1.0, 2.0]),
    "rows:values": np.arange(float(COUNT)),
    "rows:offsets": np.array([0, 5, COUNT], np.int64),
    **strings("label", "x" * EAGER_BYTES, "é"),
}
DECLARED = ResultSchema(
    "Composite",
    (
        field("positions", "float32", "frame", "xyz", unit="angstrom"),
        field("charge", "int64", "atom", unit="ps"),
        field("small", "float64", "two", unit="angstrom"),
        field("rows", "float64", "two", "*", unit="angstrom"),
        field("label", "string", "two"),
    ),
)


def large_schema() -> dict[str, Any]:
    fields = {
        one.name: {"dtype": one.dtype, "dims": list(one.dims), "unit": one.unit, "doc": ""} for one in DECLARED.fields
    }
    return RMSD | {"result": {"type": "Composite", "fields": fields}}


def test_only_what_is_small_is_read_at_first() -> None:
    source = Here(container(LARGE))
    fields = remote_fields(source, DECLARED)
    assert fields["small"].tolist() == [1, 2]
    assert isinstance(fields["positions"], RemoteArray)
    assert isinstance(fields["rows"], RemoteField)
    assert source.moved < 20_000
    assert [len(row) for row in fields["rows"].value()] == [5, COUNT - 5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"positions": np.zeros((200_000, 4), np.float32)}, "the axis 'xyz' of 'positions' has 4"),
        ({"charge": np.zeros((COUNT, 1), np.int64)}, "has 2 axes, the method declares 1"),
        ({"charge": np.zeros(COUNT)}, "is F64, the method declares I64"),
        ({"more": np.zeros(COUNT)}, "which the method does not declare"),
    ],
)
def test_a_header_that_lies_is_refused_before_anything_else_is_read(change: dict[str, Any], said: str) -> None:
    source = Here(container(LARGE | change))
    with pytest.raises(OutcomeRefusedError, match=said):
        remote_fields(source, DECLARED)
    assert source.moved < 20_000


def test_rows_that_lie_are_refused_when_they_come() -> None:
    fields = remote_fields(Here(container(LARGE | {"rows:offsets": np.array([0, 9, 3], np.int64)})), DECLARED)
    with pytest.raises(OutcomeRefusedError, match="do not cover"):
        fields["rows"].value()


@pytest.fixture
def large(site: ScriptedSite, monkeypatch: pytest.MonkeyPatch) -> ScriptedSite:
    """A site that answers every call with the large result."""
    monkeypatch.setattr(calls, "HANDLE_FROM_BYTES", 2**20)
    content = container(LARGE)

    def read(request: calls_pb2.ReadResultRequest) -> Iterator[files_pb2.Chunk]:
        end = request.offset + request.length if request.length else len(content)
        for first in range(request.offset, end, 2**20):
            yield files_pb2.Chunk(data=content[first : min(first + 2**20, end)])

    site.answers["ReadResult"] = read
    site.answers["Call"] = lambda _: reply(result=b"", result_size=len(content), schema_json=json.dumps(large_schema()))
    return site


def test_a_large_result_is_used_like_any_other(large: ScriptedSite, traj: Any, tmp_path: Path) -> None:
    result = traj.rmsd()
    shown = f"{result!r}{result._repr_html_()}"
    assert "RemoteArray float32 200000x3, 2.4 MB at the site" in shown
    assert "RemoteField string" in shown
    before = len(large.requests("ReadResult"))
    np.testing.assert_array_equal(result.positions[10:20], LARGE["positions"][10:20])
    assert [one.length for one in large.requests("ReadResult")[before:]] == [120]
    converted = result.to("nm", charge="ns")
    np.testing.assert_allclose(converted.positions[-1], LARGE["positions"][-1] * 0.1)
    assert (converted.positions.dtype, converted.charge.dtype) == (np.float32, np.float64)
    assert converted.rows[0].tolist() == [0, 0.1, 0.2, pytest.approx(0.3), 0.4]
    assert result.label.tolist() == ["x" * EAGER_BYTES, "é"]
    for suffix in (".safetensors", ".nc"):
        found = fomrepo.load(result.save(tmp_path / f"kept{suffix}"))
        np.testing.assert_array_equal(found.positions, LARGE["positions"])
        np.testing.assert_array_equal(found.charge, LARGE["charge"])
        assert found.label[1] == "é"
        assert fomrepo.load(converted.save(tmp_path / f"kept{suffix}")).units["charge"] == "ns"
    sent = ForkingPickler.loads(ForkingPickler.dumps(result))
    np.testing.assert_array_equal(sent.positions, LARGE["positions"])
    assert copy.copy(result).positions is result.positions
    assert result.to_xarray()["positions"].shape == (200_000, 3)


def test_what_can_go_wrong_later_is_said_then(large: ScriptedSite, traj: Any, repo: Any) -> None:
    result = traj.rmsd()

    def forgotten(_: object) -> None:
        raise NotFoundError("this result is no longer kept", remedy="call the method again")

    whole = large.answers["ReadResult"]
    large.answers["ReadResult"] = lambda request: [next(iter(whole(request)))][:0]
    with pytest.raises(OutcomeRefusedError, match="120 bytes of the result were asked for; 0 came"):
        result.positions[10:20]
    large.answers["ReadResult"] = forgotten
    with pytest.raises(NotFoundError, match="no longer kept"):
        result.positions[10:20]
    repo.close()
    with pytest.raises(CallerError, match="was closed"):
        result.positions[10:20]
