"""Guest: recognises a deposited file by its content first, then by its name, and hands it to the probe of its type.

A new type is one module in this folder, which nothing else names. It declares TYPE, FAMILIES and SUFFIXES, each on one
line and as a literal, since the host reads these lines as text (fomrepo/installed_types.py); it has the functions
`looks_like(head)` and `probe(file, topology)`; and it says `CERTAIN = False` where its content has no mark, so that a
file of another type may look the same.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from deposition.report import Deposited, Refusal, Report, Topology, empty, packed_steps

HEAD_BYTES = 16384  # enough for the title lines that may come before what tells a text format

# What programs that pack files write first. A packed file would have to be unpacked at each call.
PACKED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
}  # fmt: skip
# Families of files that are told apart, and led to each other, by their atoms.
WITH_ATOMS = frozenset({"topology", "structure", "trajectory"})

# Ends of names that MDAnalysis gives to the offsets of frames that it found. A planted file of them moves frames.
OFFSETS_SUFFIXES = ("_offsets.npz", "_offsets.lock")


@dataclass(frozen=True, slots=True)
class FileType:
    """What a module of this folder has to offer."""

    name: str
    families: tuple[str, ...]  # what its files may be to methods
    suffixes: tuple[str, ...]  # lower case, the first one usual
    looks_like: Callable[[bytes], bool]  # of the first HEAD_BYTES; at most one certain type says yes
    probe: Callable[[Deposited, Topology | None], Report]
    certain: bool  # whether no file of another type looks like it


@cache
def file_types() -> tuple[FileType, ...]:
    """Return what the modules of this folder offer."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    modules = [importlib.import_module(f"deposition.{name}") for name in names]  # noqa: TID251 - a type is one file
    return tuple(
        FileType(
            module.TYPE,
            module.FAMILIES,
            module.SUFFIXES,
            module.looks_like,
            module.probe,
            getattr(module, "CERTAIN", True),
        )
        for module in modules
        if hasattr(module, "TYPE")
    )


def probe(
    file: Mapping[str, Any], topology: Mapping[str, Any] | None, told: Callable[[int], None] | None = None
) -> tuple[dict[str, Any], Mapping[str, np.ndarray]]:
    """Recognise and check one file.

    Parameters
    ----------
    file
        `path`, `name`, `size`; `brief`: of what has no atoms, say the type alone, and read no more than that takes.
    topology
        `type`, `name`, `n_atoms` of the accepted file that it is paired with, or None.
    told
        Hears up to which byte the file was looked at, where its probe goes through it in order.

    Returns
    -------
    tuple
        The `outcome` entry of docs/outcome-format.md and its tensors.
    """
    deposited = Deposited(file["path"], file["name"], file["size"], told)
    paired = None if topology is None else Topology(topology["type"], topology["name"], topology["n_atoms"])
    try:
        recognised = recognise(deposited)
        if file.get("brief") and not WITH_ATOMS.intersection(recognised.families):
            return {"status": "ok", "facts": {"type": recognised.name, "families": list(recognised.families)}}, {}
        report = recognised.probe(deposited, paired)
    except Refusal as refusal:
        return {
            "status": "refused",
            "reason": refusal.reason,
            "message": refusal.message,
            "remedy": refusal.remedy,
        }, {}
    steps = {} if report.offsets is None else {"frame_steps": packed_steps(report.offsets)}
    return {"status": "ok", "facts": dict(report.facts)}, steps


def recognise(file: Deposited) -> FileType:
    """Return the type of a file.

    Raises
    ------
    Refusal
        The file is empty, packed, of no known type, or named as another type than its content is.
    """
    if file.name.lower().endswith(OFFSETS_SUFFIXES):
        raise Refusal(
            "unknown_type",
            f"{file.name} is named like the frame offsets that programs keep beside a trajectory",
            "leave it out: offsets are computed here, and never taken from others",
        )
    with open(file.path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise empty(file, "is empty: it has 0 bytes")
    packed = next((program for mark, program in PACKED.items() if head.startswith(mark)), None)
    if packed is not None:
        raise Refusal("unknown_type", f"{file.name} is packed by {packed}", "unpack it, and deposit what was in it")
    suffix = os.path.splitext(file.name)[1].lower()
    by_name = [one for one in file_types() if suffix in one.suffixes]
    by_content = _by_content(head, by_name)
    if not by_content:
        raise _unknown(file, by_name)
    if len(by_content) > 1:
        raise Refusal(
            "unknown_type",
            f"{file.name} could be {' or '.join(one.name for one in by_content)}",
            f"give it the name of what it is: {', '.join(one.suffixes[0] for one in by_content)}",
        )
    found = by_content[0]
    if by_name and found not in by_name:
        named = " or ".join(one.name for one in by_name)
        raise Refusal(
            "type_mismatch",
            f"{file.name} is named like {named}, but its content is {found.name}",
            f"rename it to end in {found.suffixes[0]}, or deposit the {named} file that was meant",
        )
    return found


def _by_content(head: bytes, by_name: Sequence[FileType]) -> list[FileType]:
    """Return the type that has its mark in the head; without a mark all types that look so, those of the name first."""
    alike = [one for one in file_types() if one.looks_like(head)]
    certain = [one for one in alike if one.certain]
    return certain[:1] or [one for one in alike if one in by_name] or alike


def _unknown(file: Deposited, by_name: Sequence[FileType]) -> Refusal:
    if not by_name:
        known = ", ".join(one.name for one in file_types())
        return Refusal("unknown_type", f"{file.name} is of no type that is known here", f"deposit one of {known}")
    named = " or ".join(one.name for one in by_name)
    return Refusal(
        "type_mismatch",
        f"{file.name} is named like {named}, but its content is not {named}",
        "copy the file again; if it is of another type, give it that type's name",
    )
