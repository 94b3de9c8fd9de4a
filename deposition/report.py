"""Guest: what a probe is given and what it reports (docs/guest-protocol.md)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DOUBTS_LIMIT = 20  # enough to judge a file by; a hostile one could give rise to a doubt in every frame


@dataclass(frozen=True, slots=True)
class Deposited:
    """The file that is probed. Its bytes and its name are hostile."""

    path: str  # where it lies behind the wall
    name: str  # what the depositor called it
    size: int  # in bytes, as the host counted them
    told: Callable[[int], None] | None = None  # hears up to which byte it was looked at; None: nobody listens


@dataclass(frozen=True, slots=True)
class Topology:
    """The accepted topology that the depositor paired with the file."""

    type: str
    name: str
    n_atoms: int


@dataclass(frozen=True, slots=True)
class Report:
    """An accepted file."""

    facts: Mapping[str, Any]
    offsets: np.ndarray | None = None  # (frame,) int64, byte offset of each frame, for XTC and TRR; the first is 0


def packed_steps(offsets: np.ndarray) -> np.ndarray:
    """Return the differences of offsets (frame,), packed: a byte or so each, as frames are of nearly one size.

    The lowest bytes of all differences come first, then the next ones: the higher ones are the same again and again.
    """
    steps = np.diff(offsets).astype("<i8")
    return np.frombuffer(zlib.compress(steps.view(np.uint8).reshape(-1, 8).T.tobytes()), np.uint8)


class Refusal(Exception):  # noqa: N818 - a file is refused; nothing went wrong in here
    """A file that is not taken in.

    Parameters
    ----------
    reason
        One of `truncated`, `type_mismatch`, `unknown_type`, `atoms_mismatch`, `unreadable`, `empty`.
    message
        What was found in which file, with the figures.
    remedy
        What the depositor can do about it.
    """

    def __init__(self, reason: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.remedy = remedy


def truncated(file: Deposited, what: str) -> Refusal:
    """Refuse a file that ends too early."""
    return Refusal("truncated", f"{file.name} is cut off: {what}", "copy the file again from where it was written")


def unreadable(file: Deposited, what: str) -> Refusal:
    """Refuse a file whose bytes cannot be what its type says."""
    return Refusal(
        "unreadable",
        f"{file.name} cannot be read: {what}",
        "copy the file again, or write it anew with the program that made it",
    )


def empty(file: Deposited, what: str) -> Refusal:
    """Refuse a file with nothing in it."""
    return Refusal("empty", f"{file.name} {what}", "deposit the file that holds the data")


def check_atoms(file: Deposited, n_atoms: int, topology: Topology | None) -> None:
    """Refuse a trajectory whose atoms are not those of its topology.

    Not checked: that they are the same atoms; a topology of equal atom count may be of another system.

    Raises
    ------
    Refusal
        `atoms_mismatch`, naming both files.
    """
    if topology is not None and topology.n_atoms != n_atoms:
        raise Refusal(
            "atoms_mismatch",
            f"{file.name} has {n_atoms} atoms, its topology {topology.name} has {topology.n_atoms}",
            f"deposit {file.name} with the topology that it was written with",
        )


def facts(
    *,
    type: str,
    families: Sequence[str],
    doubts: Sequence[str],
    n_atoms: int | None = None,
    has: Sequence[str] | None = None,
    n_residues: int | None = None,
    n_segments: int | None = None,
    n_frames: int | None = None,
    times: Mapping[str, Any] | None = None,
    box: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the facts of a file without those that its format does not have; `more` are those of few formats."""
    found = {
        "type": type,
        "families": list(families),
        "n_atoms": n_atoms,
        "n_residues": n_residues,
        "n_segments": n_segments,
        "n_frames": n_frames,
        "box": box,
        "has": None if has is None else list(has),
        "doubts": list(doubts)[:DOUBTS_LIMIT],
        **(times or {}),
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}
