"""What the site asks of the warden, and what it hears back, in messages over one socket."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fomrepo.errors import LimitHit
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits

__all__ = [
    "MESSAGE_BYTES",
    "HoldOrder",
    "InputFile",
    "LimitHit",
    "RunLimits",
    "RunOrder",
    "RunReport",
    "receive_message",
]

#: Longest message between site and warden: an order with some hundred library paths is 20 KiB.
MESSAGE_BYTES = 1024 * 1024

#: Names that a data file may have inside: neutral, chosen by the site.
INSIDE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A data file that a run may read."""

    #: A regular file on this machine, absolute.
    host_path: Path
    #: Its name under /in, such as ``universe.topology.psf``.
    inside: str

    def __post_init__(self) -> None:
        """Refuse a name that is not a plain one: no folders, no dot files."""
        if not INSIDE_NAME.fullmatch(self.inside):
            raise ValueError(f"{self.inside!r} cannot be the name of a file inside a sandbox")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One run of a guest."""

    #: Name of the run, unique at this site.
    run_id: str
    #: A method on data, or a probe on a deposited file.
    task: Literal["method", "probe"]
    #: What the guest can import.
    environment: GuestEnvironment
    #: Folder of the one bundle; None for a probe.
    method_folder: Path | None
    #: Everything that the guest may read of the data.
    inputs: tuple[InputFile, ...]
    limits: RunLimits
    #: The request, JSON of docs/guest-protocol.md. The warden never sees it: the site hands it to the guest itself.
    request: bytes

    def to_plain(self) -> dict[str, Any]:
        """Everything but the request, for the way to the warden."""
        return {
            "run_id": self.run_id,
            "task": self.task,
            "environment": _environment_to_plain(self.environment),
            "method_folder": None if self.method_folder is None else str(self.method_folder),
            "inputs": [[str(each.host_path), each.inside] for each in self.inputs],
            "limits": {name: getattr(self.limits, name) for name in RunLimits.__slots__},
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> RunOrder:
        """Undo ``to_plain``."""
        return cls(
            run_id=plain["run_id"],
            task=plain["task"],
            environment=_environment_from_plain(plain["environment"]),
            method_folder=None if plain["method_folder"] is None else Path(plain["method_folder"]),
            inputs=tuple(InputFile(Path(path), inside) for path, inside in plain["inputs"]),
            limits=RunLimits(**plain["limits"]),
            request=b"",
        )


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """One holder: a sandbox that opens a record's data once and serves many calls on them."""

    #: Name of the holder, unique at this site.
    hold_id: str
    #: What methods can import.
    environment: GuestEnvironment
    #: Everything that holder and children may read of the data.
    inputs: tuple[InputFile, ...]
    #: The request, JSON of docs/guest-protocol.md with the task ``hold``. The warden never sees it.
    request: bytes
    #: Limits of each child; a call may have lower ones.
    limits: RunLimits
    #: Memory of the holder itself, the decoded frames and copied files included.
    holder_memory_bytes: int
    #: Room for files that are handed over open later, for a spare; 0: none, its inputs are bound.
    room_bytes: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Everything but the request, for the way to the warden."""
        return {
            "hold_id": self.hold_id,
            "environment": _environment_to_plain(self.environment),
            "inputs": [[str(each.host_path), each.inside] for each in self.inputs],
            "limits": {name: getattr(self.limits, name) for name in RunLimits.__slots__},
            "holder_memory_bytes": self.holder_memory_bytes,
            "room_bytes": self.room_bytes,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> HoldOrder:
        """Undo ``to_plain``."""
        return cls(
            hold_id=plain["hold_id"],
            environment=_environment_from_plain(plain["environment"]),
            inputs=tuple(InputFile(Path(path), inside) for path, inside in plain["inputs"]),
            request=b"",
            limits=RunLimits(**plain["limits"]),
            holder_memory_bytes=plain["holder_memory_bytes"],
            room_bytes=plain["room_bytes"],
        )


def _environment_to_plain(environment: GuestEnvironment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "digest": environment.digest,
        "python": str(environment.python),
        "standard_library": [str(each) for each in environment.standard_library],
        "libraries": [str(each) for each in environment.libraries],
        "packages": str(environment.packages),
    }


def _environment_from_plain(plain: dict[str, Any]) -> GuestEnvironment:
    return GuestEnvironment(
        name=plain["name"],
        digest=plain["digest"],
        python=Path(plain["python"]),
        standard_library=tuple(Path(each) for each in plain["standard_library"]),
        libraries=tuple(Path(each) for each in plain["libraries"]),
        packages=Path(plain["packages"]),
    )


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended, as the host saw it from outside."""

    #: ``outcome``: one whole outcome, then a clean exit. ``limit``: it used more than allowed. ``crashed``: it ended
    #: without an outcome, or not cleanly. ``cancelled``: by the caller. ``hostile``: it broke the protocol.
    ended: Literal["outcome", "limit", "crashed", "cancelled", "hostile"]
    #: Exit status of the guest; None if a signal ended it.
    exit_status: int | None
    #: Signal that ended the guest; None if it exited.
    signal: int | None
    #: The limit that was hit; None unless ``ended`` is ``limit``.
    limit: LimitHit | None
    #: Seconds by the clock, from the start of the sandbox to the end of its last process.
    wall_s: float
    #: Seconds of processor time of the whole sandbox.
    cpu_s: float
    #: Highest memory in use that was seen.
    peak_memory_bytes: int
    #: Bytes of the outcome that were received, whole or not.
    outcome_bytes: int
    #: The end of what the guest wrote to stdout and stderr.
    log_tail: str
    #: One sentence for the operator.
    detail: str


def receive_message(control: socket.socket) -> tuple[bytes, list[int]]:
    """Receive one message and the descriptors that came with it; empty when the other side has gone."""
    try:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
    except ConnectionResetError:
        return b"", []
    return message, descriptors
