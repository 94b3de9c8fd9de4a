"""What depositing a large file costs.

At the door of a site on the same machine: beside copying it durably, and hashing it, on the same disk. Over the wire:
beside a bare stream of the same bytes.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.contestant import Contestant, ContestantError
from bench.findings import Figure, Findings, Panel, speed_panel
from bench.interleave import Entry, interleave
from bench.our_site import our_site
from bench.places import OUR_PYTHON
from bench.rows import Bound, compared, measured_alone
from bench.same_tls import write_tls
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile

DOOR, COPY, HASH = "ours, at the door", "copied, with fsync", "hashed by SHA-256"
WIRE, GRPC = "ours, over the wire", "bare gRPC stream, with fsync"
DOOR_BOUND = Bound(0.85, at_least=True)
#: Where two processors play both ends, all that they do adds up. For a MiB, the bare stream takes 2.8 ms of their time,
#: and SHA-256 at both ends 1.4 ms: no push that proves its bytes comes above two thirds.
WIRE_BOUND = Bound(0.55, at_least=True)
#: Of client and site, each, whatever the size of the file.
MEMORY_BOUND_MIB = Bound(256.0)


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    findings = Findings()
    size = 2**28 if short else 2**31
    with our_site() as site, ExitStack() as end:
        # The vault and the folder lie on one disk.
        folder = Path(
            end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-bench-", dir=site.federation.folder))
        )
        file = _file(folder, size)
        more = {"folder": str(folder), "file": file.name, "copy": str(folder.with_suffix(".copy")), "site": site.pid}
        depositor = end.enter_context(Contestant("depositor", site.setup(**more), python=OUR_PYTHON))
        sink = {"sent": str(file), "target": str(folder.with_suffix(".sent"))}
        bare = end.enter_context(Contestant("grpc_bare", write_tls(folder.parent) | sink, python=OUR_PYTHON))
        entries = [
            Entry(DOOR, depositor, "door", warm_ups=1),
            Entry(COPY, depositor, "copy", warm_ups=1),
            Entry(HASH, depositor, "hash", warm_ups=1),
            Entry(WIRE, depositor, "wire", warm_ups=1),
            Entry(GRPC, bare, "sent", warm_ups=1),
        ]
        panel = speed_panel(
            "a file", interleave(entries, rounds=3 if short else 7, budget_s=30.0 if short else 240.0), size
        )
        findings.panels.append(panel)
        speeds = {label: figure.p50 for label, figure in panel.figures.items()}
        slower = min((one for label in (COPY, HASH) if (one := speeds[label]) is not None), default=None)
        what = f"a file, MB/s, more is better: {DOOR} / the slower of {COPY} and {HASH}"
        findings.rows.append(compared(what, speeds[DOOR], slower, DOOR_BOUND))
        what = f"a file, MB/s, more is better: {WIRE} / {GRPC}"
        findings.rows.append(compared(what, speeds[WIRE], speeds[GRPC], WIRE_BOUND))
        _memory(findings, depositor)
    findings.notes.append(
        f"The file has {size / 1e6:,.0f} MB and lies in the page cache; the vault and all copies are on one disk."
    )
    findings.notes.append(
        "At the door the site copies and hashes. Over the wire both ends hash, encrypt and decrypt on this machine; "
        "the bare stream hashes nothing."
    )
    return findings


def _memory(findings: Findings, depositor: Contestant) -> None:
    labels, error = ("client", "site"), ""
    found: list[float | None] = [None, None]
    try:
        found = list(depositor.value("peak_memory"))
    except ContestantError as failed:
        error = str(failed)
    findings.panels.append(
        Panel(
            "highest memory", "MiB", {label: Figure(one, error=error) for label, one in zip(labels, found, strict=True)}
        )
    )
    for label, one in zip(labels, found, strict=True):
        findings.rows.append(measured_alone(f"highest memory of the {label}, MiB", one, MEMORY_BOUND_MIB))


def _file(folder: Path, size: int) -> Path:
    """Write a NumPy file of numbers, and the plan that deposits it."""
    file = folder / "numbers.npy"
    head = str({"descr": "<f8", "fortran_order": False, "shape": (size // 8,)}).ljust(117) + "\n"
    block = bytes(range(256)) * 2**12
    with file.open("wb") as stream:
        stream.write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode())
        for _ in range(size // len(block)):
            stream.write(block)
    plan = DepositPlan((PlannedFile(file.name),), "A large file", (Creator("fomrepo benches"),), "CC0-1.0", ("bench",))
    (folder / "fomrepo.toml").write_text(plan.to_text())
    return file
