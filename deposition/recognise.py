"""Guest: recognises a deposited file by its content first, then by its name, and hands it to the probe of its type.

A new type is one module here: TYPE, FAMILY, SUFFIXES, looks_like(head) and probe(file, topology).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deposition import dcd, gro, pdb, psf, trr, xtc
from deposition.report import Deposited, Refusal, Report, Topology, empty

HEAD_BYTES = 16384  # enough for the title lines that may come before what tells a text format


@dataclass(frozen=True, slots=True)
class FileType:
    """What a module of this folder has to offer."""

    name: str
    suffixes: tuple[str, ...]  # lower case, the first one usual
    looks_like: Callable[[bytes], bool]  # of the first HEAD_BYTES; at most one type says yes
    probe: Callable[[Deposited, Topology | None], Report]


# Binary formats first: their marks are sure, those of text formats are not.
FILE_TYPES = tuple(
    FileType(module.TYPE, module.SUFFIXES, module.looks_like, module.probe) for module in (xtc, trr, dcd, psf, pdb, gro)
)


def probe(
    file: Mapping[str, Any], topology: Mapping[str, Any] | None
) -> tuple[dict[str, Any], Mapping[str, np.ndarray]]:
    """Recognise and check one file.

    Parameters
    ----------
    file
        `path`, `name`, `size`.
    topology
        `type`, `name`, `n_atoms` of the accepted file that it is paired with, or None.

    Returns
    -------
    tuple
        The `outcome` entry of docs/outcome-format.md and its tensors.
    """
    deposited = Deposited(file["path"], file["name"], file["size"])
    paired = None if topology is None else Topology(topology["type"], topology["name"], topology["n_atoms"])
    try:
        report = recognise(deposited).probe(deposited, paired)
    except Refusal as refusal:
        return {
            "status": "refused",
            "reason": refusal.reason,
            "message": refusal.message,
            "remedy": refusal.remedy,
        }, {}
    return {"status": "ok", "facts": dict(report.facts)}, report.tensors


def recognise(file: Deposited) -> FileType:
    """Return the type of a file.

    Raises
    ------
    Refusal
        The file is empty, of no known type, or named as another type than its content is.
    """
    with open(file.path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise empty(file, "is empty: it has 0 bytes")
    by_content = next((one for one in FILE_TYPES if one.looks_like(head)), None)
    suffix = os.path.splitext(file.name)[1].lower()
    by_name = next((one for one in FILE_TYPES if suffix in one.suffixes), None)
    if by_content is None:
        if by_name is None:
            known = ", ".join(one.name for one in FILE_TYPES)
            raise Refusal("unknown_type", f"{file.name} is of no type that is known here", f"deposit one of {known}")
        raise Refusal(
            "type_mismatch",
            f"{file.name} is named like {by_name.name}, but its content is not {by_name.name}",
            "copy the file again; if it is of another type, give it that type's name",
        )
    if by_name is not None and by_name is not by_content:
        raise Refusal(
            "type_mismatch",
            f"{file.name} is named like {by_name.name}, but its content is {by_content.name}",
            f"rename it to end in {by_content.suffixes[0]}, or deposit the {by_name.name} file that was meant",
        )
    return by_content
