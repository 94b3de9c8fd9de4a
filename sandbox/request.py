"""Guest: the one request of the host, read from descriptor 3 (docs/guest-protocol.md).

Host counterpart: fomrepo/isolation/warden.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

PROTOCOL = 1

# Path of a file that was handed over open and copied -> what the file is that it was copied from.
ORIGINALS: dict[str, os.stat_result] = {}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of an input."""

    role: str  # "topology", "trajectory" or "structure"
    type: str  # a file type, "PSF"
    path: str  # where it lies behind the wall
    name: str  # what the depositor called it; for messages only
    offsets: str | None = None  # path of a container with the tensor `offsets`; None: the format has none, or scan

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> DataFile:
        """Read one entry of `files`."""
        check_same_file(entry)
        return cls(entry["role"], entry["type"], entry["path"], entry["name"], entry.get("offsets"))


@dataclass(frozen=True, slots=True)
class Input:
    """One positional argument of the method."""

    name: str
    family: str  # "trajectory", "topology", "structure"
    files: tuple[DataFile, ...]

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Input:
        """Read one entry of `inputs`."""
        return cls(entry["name"], entry["family"], tuple(DataFile.from_json(file) for file in entry["files"]))


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Which frames the caller wants, as MDAnalysis means it."""

    start: int | None = None  # inclusive; negative counts from the end
    stop: int | None = None  # exclusive
    step: int | None = None
    frames: tuple[int, ...] | tuple[bool, ...] | None = None  # indices, or one truth value for each frame

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> FrameRange:
        """Read the entry `frames`."""
        frames = entry.get("frames")
        return cls(entry.get("start"), entry.get("stop"), entry.get("step"), None if frames is None else tuple(frames))


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field of a result."""

    name: str
    dtype: str  # "float64", "string", "complex128" ...
    dims: tuple[str, ...]  # empty: a scalar; last "*": ragged
    optional: bool  # the method may answer None
    combine: str = ""  # how parts of a run make it: "concat", "sum", "mean"; empty: it is the same in each part

    @classmethod
    def from_json(cls, name: str, entry: Mapping[str, Any]) -> Field:
        """Read one entry of `result.fields`."""
        optional = bool(entry.get("optional", False))
        return cls(name, entry["dtype"], tuple(entry["dims"]), optional, entry.get("combine", ""))


@dataclass(frozen=True, slots=True)
class Partial:
    """What the method's function returns, where a function of the bundle's own makes the result out of parts."""

    module: str
    function: str
    fields: tuple[Field, ...]

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Partial:
        """Read the entry `partial`."""
        return cls(entry["entry"]["module"], entry["entry"]["function"], _fields(entry["fields"]))


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the frames that the caller wants: one of several ranges, in his order."""

    number: int  # from 0
    of: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the run may use."""

    result_bytes: int
    memory_bytes: int
    cpu_s: int
    processes: int
    open_files: int


@dataclass(frozen=True, slots=True)
class MethodRequest:
    """Run one method."""

    module: str
    function: str
    inputs: tuple[Input, ...]
    frames: FrameRange | None  # None: the method takes no frames
    parameters: Mapping[str, Mapping[str, Any]]  # the declared types, by name
    arguments: Mapping[str, Any]
    result_type: str
    fields: tuple[Field, ...]
    limits: Limits
    bundle: Mapping[str, str] = field(default_factory=dict)  # of a held call: sources by relative path
    partial: Partial | None = None
    part: Part | None = None  # None: all frames
    parts: tuple[bytes, ...] = ()  # containers of all parts, which this run only has to combine; empty: it computes
    stream: BinaryIO | None = None  # the frames of the run, decoded by somebody else; None: they are in the file


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Open the data and fork a child ahead of each call."""

    inputs: tuple[Input, ...]
    frame_budget_bytes: int  # frames that take more are not decoded
    limits: Limits  # of each child, unless its request lowers them


@dataclass(frozen=True, slots=True)
class SpareRequest:
    """Import everything, and wait for files and a `HoldRequest`."""


@dataclass(frozen=True, slots=True)
class FramesRequest:
    """Decode the frames of a run for others."""

    inputs: tuple[Input, ...]
    frames: FrameRange
    limits: Limits


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """Recognise and check one deposited file."""

    file: Mapping[str, Any]  # path, name, size
    topology: Mapping[str, Any] | None  # path, type, name, n_atoms; None: the file is itself one, or has none
    limits: Limits
    leave_bytes: int = 0  # so far may it look for each byte that follows the request; 0: as far as it likes


def read_request(stream: BinaryIO) -> MethodRequest | ProbeRequest | HoldRequest | SpareRequest | FramesRequest:
    """Read the length and the JSON that the host sends once, and the containers that follow it, where some do.

    Where frames follow, the stream is left before the first of them.

    Raises
    ------
    ValueError
        The stream ended early, speaks another protocol or task, or means another file than the one that lies here.
    """
    length = int.from_bytes(_read_exactly(stream, 8), "little")
    entry = json.loads(_read_exactly(stream, length))
    if entry["protocol"] != PROTOCOL:
        raise ValueError(f"the host speaks protocol {entry['protocol']}, this harness {PROTOCOL}")
    if entry["task"] == "spare":
        return SpareRequest()
    limits = Limits(**{name: int(entry["limits"][name]) for name in Limits.__slots__})
    if entry["task"] == "probe":
        for file in (entry["file"], entry["topology"] or {}):
            check_same_file(file)
        return ProbeRequest(entry["file"], entry["topology"], limits, int(entry.get("leave_bytes", 0)))
    inputs = tuple(Input.from_json(item) for item in entry["inputs"])
    if entry["task"] == "hold":
        return HoldRequest(inputs, int(entry["frame_budget_bytes"]), limits)
    if entry["task"] == "frames":
        return FramesRequest(inputs, FrameRange.from_json(entry["frames"]), limits)
    if entry["task"] != "method":
        raise ValueError(f"unknown task {entry['task']!r}")
    return MethodRequest(
        module=entry["entry"]["module"],
        function=entry["entry"]["function"],
        inputs=inputs,
        frames=None if entry["frames"] is None else FrameRange.from_json(entry["frames"]),
        parameters=entry["parameters"],
        arguments=entry["arguments"],
        result_type=entry["result"]["type"],
        fields=_fields(entry["result"]["fields"]),
        limits=limits,
        bundle=entry.get("bundle", {}),
        partial=Partial.from_json(entry["partial"]) if entry.get("partial") else None,
        part=Part(**entry["part"]) if entry.get("part") else None,
        parts=tuple(_read_exactly(stream, length) for length in entry.get("parts", [])),
        stream=stream if entry.get("frames_follow") else None,
    )


def check_same_file(entry: Mapping[str, Any]) -> None:
    """Refuse another file than the host means: who owns a file in place may lead its path elsewhere until it is bound.

    Raises
    ------
    ValueError
        It has another device or inode.
    """
    if "same" in entry:
        found = ORIGINALS.get(entry["path"]) or os.stat(entry["path"])
        if [found.st_dev, found.st_ino] != entry["same"]:
            raise ValueError(f"{entry['path']} is not the file that the host means")


def _fields(entries: Mapping[str, Mapping[str, Any]]) -> tuple[Field, ...]:
    """Read a table of fields."""
    return tuple(Field.from_json(name, item) for name, item in entries.items())


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    """Return `count` bytes, or raise when the stream ends before."""
    data = stream.read(count)
    if len(data) != count:
        raise ValueError(f"the request ended after {len(data)} of {count} bytes")
    return data
