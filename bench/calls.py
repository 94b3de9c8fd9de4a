"""What a call costs: nothing, 1 MiB, and RMSD, by everybody who offers to run a function elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.contestant import Contestant, ContestantError, start_all
from bench.findings import Findings, timed_panel
from bench.interleave import Entry, Samples, interleave
from bench.our_site import our_site
from bench.peers.tasks import FILES_VARIABLE
from bench.places import ONE_THREAD, OUR_PYTHON, PEER_PYTHON, SCRIPTS
from bench.rows import Bound, Row, compared, measured_alone
from bench.same_tls import write_tls
from bench.samples import adk

#: Pause of the caller before each call: a person or a program that looks at an answer before it asks again.
IDLE_S = 0.025

HOT, CACHED, COLD = "ours, hot", "ours, cached", "ours, cold"
LOCAL, SCRIPT, DASK, RAY, PARSL, GRPC, BWRAP = (
    "local call",
    "python script.py",
    "Dask",
    "Ray",
    "Parsl",
    "gRPC echo",
    "bwrap true",
)

WORKS = {
    "null": "null call",
    "megabyte": "result of 1 MiB",
    "rmsd_1": "RMSD of 1 frame",
    "rmsd_98": "RMSD of 98 frames",
}

#: Largest difference to a user's MDAnalysis script, in angstrom.
SAME_ANGSTROM = 1e-5


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    rounds, slow, budget_s = (20, 20, 5.0) if short else (200, 10, 120.0)
    blocks, times = (3, 20) if short else (10, 40)
    findings = Findings()
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-bench-")))
        site = end.enter_context(our_site())
        workers = {FILES_VARIABLE: os.pathsep.join((str(adk().topology), str(adk().trajectory))), **ONE_THREAD}
        contestants = {
            HOT: Contestant("ours", site.setup(adk=site.deposit(adk(), "Adenylate kinase")), python=OUR_PYTHON),
            LOCAL: Contestant("local", variables=workers),
            SCRIPT: Contestant("programs", {"commands": _commands(folder)}),
            DASK: Contestant("dask_cluster", variables=workers),
            RAY: Contestant("ray_cluster", variables=workers),
            PARSL: Contestant("parsl_workers", variables=workers),
            GRPC: Contestant("grpc_bare", write_tls(folder)),
        }
        for one in contestants.values():
            end.enter_context(one)
        start_all(list(contestants.values()))

        measured = {}
        for work, title in WORKS.items():
            entries = _entries(contestants, work, slow)
            measured[work] = interleave(entries, rounds=rounds, budget_s=budget_s, idle_s=IDLE_S)
            findings.panels.append(timed_panel(title, measured[work]))
        quick = [entry for entry in _entries(contestants, "null", slow) if entry.every == 1]
        back_to_back = interleave(quick, rounds=blocks, budget_s=budget_s, times=times)
        findings.panels.insert(1, timed_panel("null call, back to back", back_to_back))

        _hold(findings, measured, back_to_back)
        findings.rows.append(_same_numbers(contestants))
    findings.notes.append(f"The caller is idle for {IDLE_S * 1e3:g} ms before each call, except back to back.")
    findings.notes.append("The echo of 1 MiB carries 1 MiB both ways; no peer isolates anything, but bwrap.")
    return findings


def _commands(folder: Path) -> dict[str, object]:
    files = (str(adk().topology), str(adk().trajectory))
    script = [str(PEER_PYTHON), str(SCRIPTS / "by_mdanalysis.py")]
    commands = {
        work: {"arguments": [*script, quantity, *files, str(folder / work)], "output": str(folder / work)}
        for work, quantity in zip(WORKS, ("null", "megabyte", "rmsd_1", "rmsd"), strict=True)
    }
    return {**commands, "bwrap": {"arguments": ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]}}


def _entries(contestants: Mapping[str, Contestant], work: str, slow: int) -> list[Entry]:
    entries = [
        Entry(HOT, contestants[HOT], work),
        Entry(CACHED, contestants[HOT], f"{work}_cached"),
        Entry(COLD, contestants[HOT], f"{work}_cold", every=slow, warm_ups=1),
        *(Entry(label, contestants[label], work) for label in (LOCAL, DASK, RAY, PARSL)),
        Entry(SCRIPT, contestants[SCRIPT], work, every=slow, warm_ups=1),
    ]
    if work in ("null", "megabyte"):
        entries.append(Entry(GRPC, contestants[GRPC], work))
    if work == "null":
        entries.append(Entry(BWRAP, contestants[SCRIPT], "bwrap"))
    return entries


def _hold(findings: Findings, measured: Mapping[str, dict[str, Samples]], back_to_back: dict[str, Samples]) -> None:
    """Compare with the bounds, and then everybody with everybody."""
    bounds = {
        ("null", HOT, GRPC): Bound(1.6),
        ("null", HOT, DASK): Bound(0.3),
        ("null", HOT, PARSL): Bound(0.7),
        ("null", HOT, BWRAP): Bound(0.5),
        ("back to back", HOT, DASK): Bound(0.5),
        ("back to back", HOT, PARSL): Bound(0.9, aim=True),
        ("null", CACHED, GRPC): Bound(1.5),
        ("megabyte", CACHED, GRPC): Bound(1.5),
        ("rmsd_98", HOT, SCRIPT): Bound(0.03),
    }
    titles = {**WORKS, "back to back": "null call, back to back"}
    everything = {**measured, "back to back": back_to_back}
    for (work, ours, peer), bound in bounds.items():
        findings.rows.append(_row(titles[work], everything[work], ours, peer, "p50", bound))
    for work, samples in everything.items():
        for peer in samples:
            for statistic in ("p50", "p95"):
                if peer != HOT and (statistic == "p95" or (work, HOT, peer) not in bounds):
                    findings.rows.append(_row(titles[work], samples, HOT, peer, statistic))


def _row(
    title: str, samples: Mapping[str, Samples], ours: str, peer: str, statistic: str, bound: Bound | None = None
) -> Row:
    mine, theirs = (getattr(samples[label], statistic) for label in (ours, peer))
    what = f"{title}, {statistic} in ms: {ours} / {peer}"
    return compared(what, mine and mine * 1e3, theirs and theirs * 1e3, bound)


def _same_numbers(contestants: Mapping[str, Contestant]) -> Row:
    try:
        values = [np.array(contestants[label].value("rmsd_98")) for label in (HOT, SCRIPT)]
        difference = float(np.abs(values[0] - values[1]).max())
    except ContestantError:
        difference = None
    what = f"{WORKS['rmsd_98']}, largest difference to MDAnalysis in angstrom"
    return measured_alone(what, difference, Bound(SAME_ANGSTROM, exact=True))
