"""Guest: reads the header of a NetCDF file of the classic kinds, and where in the file its variables lie."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.report import Deposited, unreadable

ENTRIES_LIMIT = 1_000  # dimensions, attributes, variables; a trajectory has a dozen of each
NAME_LIMIT_BYTES = 1_000
DIMENSIONS, VARIABLES, ATTRIBUTES = 10, 11, 12  # marks of the three lists
DTYPES = {1: "i1", 2: "S1", 3: ">i2", 4: ">i4", 5: ">f4", 6: ">f8"}  # type -> dtype


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable, which may have a part in each record."""

    dtype: str
    shape: tuple[int, ...]  # of one record, if it has records
    has_records: bool
    attributes: dict[str, Any]
    begin: int  # byte offset of its first part

    @property
    def count(self) -> int:
        """Numbers in one part."""
        return math.prod(self.shape)

    @property
    def part_bytes(self) -> int:
        """Bytes of one part, without padding."""
        return self.count * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class NetcdfHeader:
    """What the header states."""

    version: int  # 1: offsets of 32 bits; 2: of 64 bits
    n_records: int
    dimensions: dict[str, int]  # 0: the one that counts records
    attributes: dict[str, Any]
    variables: dict[str, Variable]

    @property
    def record_bytes(self) -> int:
        """Bytes of one record: the parts of all variables that have records, each padded to 4."""
        parts = [each.part_bytes for each in self.variables.values() if each.has_records]
        return parts[0] if len(parts) == 1 else sum(part + -part % 4 for part in parts)


def read_netcdf_header(file: Deposited, data: GuardedFile) -> NetcdfHeader:
    """Read it, each count checked before it is followed."""
    reader = _Reader(file, data)
    version = data.at(3, 1, "the header")[0]
    if version not in (1, 2):
        raise unreadable(file, f"it is NetCDF of kind {version}; write it as NetCDF 3 with 64-bit offsets")
    reader.position = 4
    n_records = reader.integer()
    dimensions = {reader.name(): reader.integer() for _ in reader.entries(DIMENSIONS)}
    attributes = reader.attributes()
    variables = {}
    sizes = list(dimensions.values())
    for _ in reader.entries(VARIABLES):
        name = reader.name()
        axes = [reader.integer() for _ in range(reader.count())]
        if any(axis >= len(sizes) for axis in axes):
            raise unreadable(file, f"the variable {name!r} has a dimension that is not there")
        own = reader.attributes()
        dtype = reader.dtype()
        reader.integer()  # its size, which follows from the rest
        begin = reader.integer() if version == 1 else reader.offset()
        shape = tuple(sizes[axis] for axis in axes)
        has_records = bool(shape) and shape[0] == 0
        variables[name] = Variable(dtype, shape[1:] if has_records else shape, has_records, own, begin)
    return NetcdfHeader(version, n_records, dimensions, attributes, variables)


class _Reader:
    """Reads one thing after another."""

    def __init__(self, file: Deposited, data: GuardedFile) -> None:
        self._file = file
        self._data = data
        self.position = 0

    def integer(self) -> int:
        """Read a number that is not negative."""
        (value,) = struct.unpack(">i", self._take(4))
        if value < 0:
            raise unreadable(self._file, f"its header has the number {value} at byte {self.position - 4}")
        return int(value)

    def offset(self) -> int:
        """Read a place in the file."""
        return int(struct.unpack(">Q", self._take(8))[0])

    def count(self) -> int:
        """Read how many entries follow."""
        count = self.integer()
        if count > ENTRIES_LIMIT:
            raise unreadable(self._file, f"its header claims to have {count} entries at byte {self.position - 4}")
        return count

    def entries(self, mark: int) -> range:
        """Read the beginning of a list."""
        found, count = self.integer(), self.count()
        if found not in (0, mark) or (found == 0 and count):
            raise unreadable(self._file, f"its header has the mark {found} where {mark} must be")
        return range(count)

    def name(self) -> str:
        """Read a name."""
        length = self.integer()
        if length > NAME_LIMIT_BYTES:
            raise unreadable(self._file, f"a name in its header claims to have {length} bytes")
        return self._padded(length).decode("utf-8", "replace")

    def dtype(self) -> str:
        """Read the type of values."""
        kind = self.integer()
        if kind not in DTYPES:
            raise unreadable(self._file, f"its header has values of type {kind}")
        return DTYPES[kind]

    def attributes(self) -> dict[str, Any]:
        """Read a list of attributes: texts, or arrays of numbers."""
        found: dict[str, Any] = {}
        for _ in self.entries(ATTRIBUTES):
            name, dtype, count = self.name(), self.dtype(), self.integer()
            raw = self._padded(count * np.dtype(dtype).itemsize)
            found[name] = raw.decode("utf-8", "replace") if dtype == "S1" else np.frombuffer(raw, dtype)
        return found

    def _padded(self, length: int) -> bytes:
        raw = self._take(length)
        self.position += -length % 4
        return raw

    def _take(self, length: int) -> bytes:
        raw = self._data.at(self.position, length, "the header")
        self.position += length
        return raw
