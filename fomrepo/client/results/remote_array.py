"""Arrays that stay at a site until somebody asks for a part of them."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterator, Sequence
from math import prod
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from fomrepo.client.results.blocks import rows_in_block
from fomrepo.client.results.remote_bytes import RemoteBytes
from fomrepo.client.results.scratch import mapped
from fomrepo.errors import OutcomeRefusedError
from fomrepo.model.container import DTYPES, Tensor

#: Bytes between two wanted rows that are rather read over than asked for anew: about what a site sends in the time that
#: a question takes.
GAP_BYTES = 256 * 1024

Array: TypeAlias = npt.NDArray[Any]
#: Rows that are wanted: a range, or numbers in ascending order.
Rows: TypeAlias = "range | npt.NDArray[np.int64]"


class RemoteArray(NDArrayOperatorsMixin):
    """An array of a large result: its shape is here, its numbers are at the site.

    A slice moves about its own bytes: ``r.positions[10:20]``, ``r.positions[-1]``, ``r.positions[::100]``,
    ``r.positions[[3, 14, 15]]``. The rows that the first index names are moved whole; a single row is moved in part.
    ``numpy.asarray(r.positions)`` moves all of it, once, into a file that is mapped; later slices are views of that.
    ``for block in r.positions.blocks()`` moves it through a few megabytes of memory. Whatever else arrays can do, this
    one does once all of it is here: ``r.positions.mean(axis=0)``, ``r.positions * 2``.

    Parameters
    ----------
    source
        The container that it lies in.
    tensor
        Where in it, of which shape and type.
    scale
        What every number is multiplied with, after a conversion of units.
    """

    def __init__(self, source: RemoteBytes, tensor: Tensor, *, scale: float = 1.0) -> None:
        self._source = source
        self._tensor = tensor
        self._scale = scale
        self._lock = threading.Lock()
        self._whole: Array | None = None
        #: Lengths of the axes.
        self.shape = tensor.shape
        stored = np.dtype(DTYPES[tensor.dtype][1])
        #: Type of the numbers.
        self.dtype = stored if scale == 1.0 or stored.kind == "f" else np.dtype("<f8")

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of numbers."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that they take."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a single number has no length")
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if self._whole is not None:
            return self._whole[index]
        if not self.shape:
            return np.asarray(self._numbers())[index]
        first, rest = _split(index, self.ndim)
        if isinstance(first, int | np.integer) and not isinstance(first, bool):
            return self._row(int(first))[rest] if rest else self._row(int(first))._numbers()
        if isinstance(first, slice):
            rows = range(len(self))[first]
            return self._rows(rows, rest) if rows.step > 0 else self._rows(rows[::-1], rest)[::-1]
        if (chosen := _numbered(first, len(self))) is not None and not any(map(_is_advanced, rest)):
            order = np.argsort(chosen, kind="stable")
            found = self._rows(chosen[order], rest)
            back = np.empty_like(found)
            back[order] = found
            return _read_only(back)
        return np.asarray(self)[index]

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks():
            yield from block

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        with self._lock:
            if self._whole is None:
                self._whole = self._load()
        found = self._whole if dtype is None else self._whole.astype(dtype, copy=False)
        return found.copy() if copy else found

    def blocks(self, rows: int | None = None) -> Iterator[Array]:
        """All of it, in blocks of so many rows along the first axis, or of a few megabytes; one after the other.

        Nothing is kept: memory holds one block.
        """
        if not self.shape:
            yield self._numbers().reshape(1)
            return
        size = rows or rows_in_block(self.shape, self.dtype.itemsize)
        if (whole := self._whole) is not None:
            yield from (whole[first : first + size] for first in range(0, len(whole), size))
            return
        for _, block in self._blocks(0, len(self), size):
            yield block

    def scaled(self, factor: float) -> RemoteArray:
        """Return the same array with every number multiplied."""
        return RemoteArray(self._source, self._tensor, scale=self._scale * factor)

    def __copy__(self) -> RemoteArray:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> RemoteArray:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Become numbers when it is sent to another process, which has no connection."""
        return np.asarray, (np.asarray(self),)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **more: Any) -> Any:
        here = [np.asarray(one) if isinstance(one, RemoteArray) else one for one in inputs]
        return getattr(ufunc, method)(*here, **more)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no {name!r}", name=name, obj=self)
        return getattr(np.asarray(self), name)

    def __repr__(self) -> str:
        return f"<RemoteArray {self.dtype} {'x'.join(map(str, self.shape))}, {self.nbytes / 1e6:,.3g} MB at the site>"

    # --- moving bytes ------------------------------------------------------------------------------------------------

    @property
    def _row_bytes(self) -> int:
        return prod(self.shape[1:]) * DTYPES[self._tensor.dtype][0]

    def _row(self, number: int) -> RemoteArray:
        if not -len(self) <= number < len(self):
            raise IndexError(f"row {number} of an array with {len(self)} rows")
        start = self._tensor.start + number % len(self) * self._row_bytes
        part = Tensor(self._tensor.name, self._tensor.dtype, self.shape[1:], start, start + self._row_bytes)
        return RemoteArray(self._source, part, scale=self._scale)

    def _numbers(self) -> Any:
        """All of it, in memory; a number if it has no axes."""
        found = self._read(bytearray(self._source.read(self._tensor.start, self._tensor.end)), self.shape)
        return found if self.shape else found[()]

    def _rows(self, rows: Rows, rest: tuple[Any, ...]) -> Array:
        """Some rows, and of each what the rest of the index says."""
        within = (slice(None), *rest)
        inner = np.empty((0, *self.shape[1:]), self.dtype)[within].shape[1:]
        found = np.empty((len(rows), *inner), self.dtype)
        done = 0
        size = rows_in_block(self.shape, self.dtype.itemsize)
        for group in _groups(rows, GAP_BYTES // max(1, self._row_bytes) + 1):
            for first, block in self._blocks(int(group[0]), int(group[-1]) + 1, size):
                here = group[bisect.bisect_left(group, first) : bisect.bisect_left(group, first + len(block))]
                found[done : done + len(here)] = block[_shifted(here, first)][within]
                done += len(here)
        return _read_only(found)

    def _blocks(self, first: int, last: int, rows: int) -> Iterator[tuple[int, Array]]:
        """Rows from ``first`` to before ``last`` in blocks, each with the number of its first row."""
        if not self._row_bytes:
            yield first, _read_only(np.empty((last - first, *self.shape[1:]), self.dtype))
            return
        start = self._tensor.start
        chunks = self._source.chunks(start + first * self._row_bytes, start + last * self._row_bytes)
        left = memoryview(b"")
        while first < last:
            count = min(rows, last - first)
            filled, buffer = 0, bytearray(count * self._row_bytes)
            while filled < len(buffer):
                left = left or memoryview(next(chunks))
                taken = left[: len(buffer) - filled]
                buffer[filled : filled + len(taken)] = taken
                filled, left = filled + len(taken), left[len(taken) :]
            yield first, self._read(buffer, (count, *self.shape[1:]))
            first += count
        next(chunks, None)  # lets the stream compare what came with what was asked for

    def _read(self, buffer: Any, shape: tuple[int, ...]) -> Array:
        """Numbers of stored bytes, as the caller is to see them."""
        flat = np.frombuffer(buffer, DTYPES[self._tensor.dtype][1])
        if flat.dtype.kind == "b" and (flat.view(np.uint8) > 1).any():
            raise OutcomeRefusedError(f"{self._tensor.name!r} holds bytes that are neither true nor false")
        return _read_only((flat if self._scale == 1.0 else flat * self._scale).reshape(shape))

    def _load(self) -> Array:
        start, end = self._tensor.start, self._tensor.end
        return self._read(mapped(self._source.chunks(start, end)) if end > start else b"", self.shape)


def _split(index: Any, ndim: int) -> tuple[Any, tuple[Any, ...]]:
    """Index of the first axis, and of the others; an index that begins with an ellipsis names no first row."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is None for part in parts):
        return index, ()
    if parts and isinstance(parts[0], EllipsisType):
        missing = ndim - len(parts) + 1
        parts = (*[slice(None)] * missing, *parts[1:])
    first, *rest = parts or (slice(None),)
    return first, tuple(rest)


def _is_advanced(part: Any) -> bool:
    return not isinstance(part, int | np.integer | slice | EllipsisType)


def _numbered(chosen: Any, count: int) -> npt.NDArray[np.int64] | None:
    """Row numbers that a list or a mask names; None if it is neither."""
    if isinstance(chosen, tuple) or (isinstance(chosen, Sequence) and not chosen):
        return None
    rows = np.asarray(chosen)
    if rows.ndim != 1 or rows.dtype.kind not in "iub" or (rows.dtype.kind == "b" and len(rows) != count):
        return None
    numbers = np.flatnonzero(rows) if rows.dtype.kind == "b" else rows.astype(np.int64)
    if ((numbers < -count) | (numbers >= count)).any():
        raise IndexError(f"a row number is not among the {count} rows")
    return numbers % count


def _groups(rows: Rows, most: int) -> Iterator[Rows]:
    """Cut ascending row numbers where two of them lie further apart than ``most``."""
    if not len(rows):
        return
    if not isinstance(rows, range):
        yield from np.split(rows, np.flatnonzero(np.diff(rows) > most) + 1)
    elif rows.step <= most:
        yield rows
    else:
        yield from (range(one, one + 1) for one in rows)


def _shifted(rows: Rows, by: int) -> Any:
    return slice(rows.start - by, rows.stop - by, rows.step) if isinstance(rows, range) else rows - by


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array
