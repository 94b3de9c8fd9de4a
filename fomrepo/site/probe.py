"""A deposited file is looked at in the sandbox: its type by content, its facts, its frame offsets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fomrepo.errors import CancelledError, FileRefusedError, OutcomeRefusedError
from fomrepo.installed_types import installed_types
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder
from fomrepo.isolation.outcome import read_probe_outcome
from fomrepo.isolation.warden import Warden
from fomrepo.model.canonical import new_id
from fomrepo.model.deposits import ExpectedFile
from fomrepo.model.files import FileObject
from fomrepo.site.guest_request import probe_request
from fomrepo.site.in_place_pace import LEAVE_BYTES, Pace

#: Guest environment in which probes run.
PROBE_ENVIRONMENT = "mdanalysis"
#: Memory of a probe: it reads headers and a sample of frames, and keeps one offset of 8 bytes a frame.
PROBE_MEMORY_BYTES = 2 * 2**30
#: A probe may take this long, and so many seconds more for each byte: it reads a file once, slowly at 20 MB/s.
PROBE_WALL_S = 120.0
PROBE_WALL_S_PER_BYTE = 1 / 20e6
#: Most bytes of a probe's report: offsets of 30 million frames.
PROBE_REPORT_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Probed:
    """An accepted file."""

    name: str
    path: Path
    file_type: str
    facts: Mapping[str, Any]
    #: The container with the frame offsets; None where the format needs none.
    offsets: bytes | None
    #: Device and inode of a file in place; None where only the site can change the path.
    identity: tuple[int, int] | None = None


def run_probe(
    warden: Warden,
    environment: GuestEnvironment,
    file: ExpectedFile,
    path: Path,
    topology: Probed | None,
    *,
    report: BinaryIO,
    identity: tuple[int, int] | None = None,
    cancelled: threading.Event | None = None,
    brief: bool = False,
    pace: Pace | None = None,
) -> None:
    """Let the probes look at a file in a sandbox of its own, and write their report.

    Parameters
    ----------
    warden, environment
        Run it.
    file, path
        What to look at.
    topology
        What was found of its topology; None if it needs none.
    report
        Gets what the probes write.
    identity
        Device and inode that a file in place must have.
    cancelled
        Ends it when it is set.
    brief
        Its type and atoms are enough.
    pace
        Keeps it behind a reading of the same file.

    Raises
    ------
    FileRefusedError
        If they ended without one.
    SandboxUnavailableError, CancelledError
        If the sandbox could not be used, or the site was stopped.
    """
    inputs = [InputFile(path, "file")]
    paired = None
    if topology is not None:
        inputs.append(InputFile(topology.path, f"topology.{topology.file_type.lower()}"))
        paired = FileObject("", topology.name, topology.file_type, "", 0, topology.facts)
    wall_s = PROBE_WALL_S + file.size * PROBE_WALL_S_PER_BYTE
    limits = RunLimits(memory_bytes=PROBE_MEMORY_BYTES, wall_s=wall_s, cpu_s=wall_s, result_bytes=PROBE_REPORT_BYTES)
    order = RunOrder(
        run_id=new_id(),
        task="probe",
        environment=environment,
        method_folder=None,
        inputs=tuple(inputs),
        limits=limits,
        request=probe_request(
            name=file.name,
            size=file.size,
            topology=paired,
            limits=limits,
            same=(identity, None if topology is None else topology.identity),
            brief=brief,
            leave_bytes=0 if pace is None else LEAVE_BYTES,
        ),
    )
    run = warden.run(
        order,
        outcome=report,
        on_progress=None if pace is None else pace.hear,
        cancelled=cancelled,
        following=None if pace is None else pace.leave(),
    )
    report.flush()
    if run.ended == "cancelled":
        raise CancelledError("the site was stopped")
    if run.ended != "outcome":
        told = str(run.limit) if run.limit is not None else run.detail
        raise FileRefusedError(
            f"{file.name} could not be read: its reader {'hit a limit' if run.limit else 'crashed'} ({told})",
            remedy="check the file with the program that wrote it, and deposit it again",
            facts={"reason": "unreadable", "file": file.name},
        )


def read_report(file: ExpectedFile, path: Path, report: Path) -> Probed:
    """Read what the probes found out about a file; every byte of it may be hostile.

    Raises
    ------
    FileRefusedError
        If they refused the file, or the report is not well formed.
    """
    try:
        found = read_probe_outcome(report)
    except OutcomeRefusedError as error:
        raise FileRefusedError(
            f"{file.name} could not be read: {error.message}", facts={"reason": "unreadable"}
        ) from None
    offsets = report.read_bytes() if found.has_offsets else None
    known = installed_types().get(str(found.facts.get("type")))
    families = found.facts.get("families")
    if (
        known is None
        or not isinstance(families, list)
        or not families
        or any(f not in known.families for f in families)
    ):
        raise FileRefusedError(f"{file.name} could not be read: its probe named no type that there is")
    return Probed(file.name, path, known.name, found.facts, offsets)
