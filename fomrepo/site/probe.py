"""A deposited file is looked at in the sandbox: its type by content, its facts, its frame offsets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fomrepo.errors import CancelledError, FileRefusedError, OutcomeRefusedError
from fomrepo.installed_types import installed_types
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder
from fomrepo.isolation.outcome import read_probe_outcome
from fomrepo.model.canonical import new_id
from fomrepo.model.deposits import ExpectedFile
from fomrepo.model.files import FileObject
from fomrepo.site.guest_request import probe_request
from fomrepo.site.load import Claim
from fomrepo.site.parts import SiteParts

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


def probe_file(
    site: SiteParts, file: ExpectedFile, path: Path, topology: Probed | None, *, principal: str, project: str
) -> Probed:
    """Look at one file.

    Raises
    ------
    FileRefusedError
        If it is no file of a known type, is damaged, or does not fit its topology.
    SiteError
        If the sandbox could not be used.
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
        environment=site.environments.shipped,
        method_folder=None,
        inputs=tuple(inputs),
        limits=limits,
        request=probe_request(name=file.name, size=file.size, topology=paired, limits=limits),
    )
    never = threading.Event()
    with (
        site.slots.one(Claim(principal, project, PROBE_MEMORY_BYTES), never),
        site.results.new_blob() as (report_path, stream),
    ):
        report = site.need_warden().run(order, outcome=stream, cancelled=never)
        stream.flush()
        if report.ended == "cancelled":
            raise CancelledError("the site was stopped")
        if report.ended != "outcome":
            told = str(report.limit) if report.limit is not None else report.detail
            raise FileRefusedError(
                f"{file.name} could not be read: its reader {'hit a limit' if report.limit else 'crashed'} ({told})",
                remedy="check the file with the program that wrote it, and deposit it again",
                facts={"reason": "unreadable", "file": file.name},
            )
        try:
            found = read_probe_outcome(report_path)
        except OutcomeRefusedError as error:
            raise FileRefusedError(
                f"{file.name} could not be read: {error.message}", facts={"reason": "unreadable"}
            ) from None
        offsets = report_path.read_bytes() if found.has_offsets else None
    known = installed_types().get(str(found.facts.get("type")))
    families = found.facts.get("families")
    if known is None or not isinstance(families, list) or not families or not set(families) <= set(known.families):
        raise FileRefusedError(f"{file.name} could not be read: its probe named no type that there is")
    return Probed(file.name, path, known.name, found.facts, offsets)
