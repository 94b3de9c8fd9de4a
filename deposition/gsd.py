"""Guest: the probe of GSD, the trajectories of HOOMD-blue: a header, an index of named pieces of data, a list of names.

What a frame does not hold it has from the first one. https://gsd.readthedocs.io: file layers 1 and 2, schema hoomd 1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from deposition.guarded_file import GuardedFile
from deposition.quantities import CoordinateCheck, box_of_vectors
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, unreadable

TYPE = "GSD"
FAMILIES = ("trajectory", "structure", "topology")
SUFFIXES = (".gsd",)
MARK = 0x65DF65DF65DF65DF
# Mark, place and room of the index, place and room of the names, schema's and file's version, application, schema.
HEADER = struct.Struct("<QQQQQII64s64s80x")
ENTRY = np.dtype([
    ("frame", "<u8"), ("rows", "<u8"), ("place", "<i8"), ("columns", "<u4"), ("name", "<u2"), ("type", "u1"),
    ("flags", "u1"),
])  # fmt: skip
NAME_BYTES = 64
VALUE_BYTES = {1: 1, 2: 2, 3: 4, 4: 8, 5: 1, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 1}  # type of values -> bytes of one
FLOAT, UINT32 = 9, 3
DEFAULT_BOX = (1.0, 1.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Index:
    """Where what lies."""

    entries: np.ndarray  # of ENTRY
    names: dict[str, int]

    def find(self, name: str, frame: int) -> np.void | None:
        """Return a frame's entry of a name, or the first frame's, or None."""
        mine = self.entries[self.entries["name"] == self.names.get(name, -1)]
        for wanted in (frame, 0):
            found = mine[mine["frame"] == wanted]
            if len(found):
                return found[0]
        return None


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the mark of GSD."""
    return head[:8] == MARK.to_bytes(8, "little")


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one GSD and read its facts."""
    doubts = ["lengths are in the units of the simulation, taken for angstrom; there are steps and no times"]
    with GuardedFile(file) as data:
        index = _index(file, data)
        if not len(index.entries):
            raise empty(file, "has no frame")
        n_frames = int(index.entries["frame"].max()) + 1
        counts = {_count_atoms(file, data, index, frame) for frame in _frames_of(index, "particles/N")}
        if len(counts) > 1:
            raise unreadable(
                file, f"its frames have {min(counts)} to {max(counts)} atoms; write them into several files"
            )
        n_atoms = counts.pop() if counts else 0
        if not n_atoms:
            raise empty(file, "has no atoms")
        check_atoms(file, n_atoms, topology)
        check = CoordinateCheck(file, doubts)
        for frame in check.sampled(n_frames, n_atoms):
            entry = index.find("particles/position", frame)
            if entry is None:
                raise empty(file, f"has no positions in frame {frame}")
            if (entry["type"], entry["rows"], entry["columns"]) != (FLOAT, n_atoms, 3):
                raise unreadable(file, f"the positions of frame {frame} have the shape of something else")
            check.look_at(data.array_at(int(entry["place"]), "<f4", 3 * n_atoms, f"frame {frame}"), frame)
        box = _box(file, data, index)
        has = [kind for kind in ("mass", "charge") if index.find(f"particles/{kind}", 0) is not None]
        bonds = index.find("bonds/group", 0)
    named = {"mass": "masses", "charge": "charges"}
    several = n_frames > 1
    return Report(
        facts(
            type=TYPE,
            families=("trajectory", "topology") if several else ("structure", "topology"),
            n_atoms=n_atoms,
            n_frames=n_frames,
            box=box_of_vectors(box, doubts),
            has=["positions", *(named[kind] for kind in has), *(["bonds"] if bonds is not None else [])],
            doubts=doubts,
        )
    )


def _index(file: Deposited, data: GuardedFile) -> _Index:
    """Read the header, the index and the names; what an entry points to must lie in the file."""
    _, place, room, names_place, names_room, _, version, _, schema = HEADER.unpack(
        data.at(0, HEADER.size, "the header")
    )
    if version >> 16 not in (1, 2):
        raise unreadable(file, f"its file layer has version {version >> 16}, known are 1 and 2")
    if schema.rstrip(b"\0") != b"hoomd":
        raise unreadable(file, f"its schema is {schema.rstrip(bytes(1))[:40]!r}, not hoomd")
    if room * ENTRY.itemsize > data.size or names_room * NAME_BYTES > data.size:
        raise unreadable(file, f"it claims to have an index of {room} entries and {names_room} names")
    entries = np.frombuffer(data.at(place, room * ENTRY.itemsize, "the index"), ENTRY)
    entries = entries[: int(np.argmax(entries["place"] == 0)) if np.any(entries["place"] == 0) else room]
    raw = data.at(names_place, names_room * NAME_BYTES, "the names")
    if version >> 16 == 1:
        texts = [raw[start : start + NAME_BYTES].split(b"\0")[0] for start in range(0, len(raw), NAME_BYTES)]
    else:
        texts = raw.split(b"\0")
    names = {text.decode("latin-1"): number for number, text in enumerate(texts) if text}
    sizes = np.array([VALUE_BYTES.get(kind, 0) for kind in range(256)], np.float64)[entries["type"]]
    ends = entries["place"] + entries["rows"].astype(np.float64) * entries["columns"] * sizes
    if np.any(sizes == 0) or np.any(entries["place"] < HEADER.size) or np.any(ends > data.size):
        raise unreadable(file, "its index points out of the file, or to values of no type")
    frames = entries["frame"]
    if len(frames) and (frames[0] != 0 or np.any(np.diff(np.unique(frames).astype(np.int64)) != 1)):
        raise unreadable(file, "frames are missing from its index")
    return _Index(entries, names)


def _frames_of(index: _Index, name: str) -> list[int]:
    """Return the frames that hold something themselves."""
    found = index.entries[index.entries["name"] == index.names.get(name, -1)]
    return np.unique(found["frame"]).tolist()


def _count_atoms(file: Deposited, data: GuardedFile, index: _Index, frame: int) -> int:
    entry = index.find("particles/N", frame)
    if entry is None or (entry["type"], entry["rows"], entry["columns"]) != (UINT32, 1, 1):
        raise unreadable(file, f"the number of atoms of frame {frame} is none")
    return int(data.array_at(int(entry["place"]), "<u4", 1, "the number of atoms")[0])


def _box(file: Deposited, data: GuardedFile, index: _Index) -> np.ndarray:
    """Return the lattice vectors (vector, xyz) of the first frame: three lengths and three tilts, as ratios."""
    entry = index.find("configuration/box", 0)
    if entry is None:
        x, y, z, xy, xz, yz = DEFAULT_BOX
    elif (entry["type"], entry["rows"], entry["columns"]) != (FLOAT, 6, 1):
        raise unreadable(file, "its cell has the shape of something else")
    else:
        x, y, z, xy, xz, yz = data.array_at(int(entry["place"]), "<f4", 6, "the cell").astype(np.float64).tolist()
    return np.array([[x, 0.0, 0.0], [xy * y, y, 0.0], [xz * z, yz * z, z]])
