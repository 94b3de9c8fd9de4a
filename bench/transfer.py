"""What moving bytes and serving many at once costs: a large file, a large result, eight clients, children that wait."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench.contestant import Contestant, ContestantError, start_all
from bench.findings import Figure, Findings, Panel, speed_panel
from bench.idle_children import idle_children_uss
from bench.interleave import Entry, interleave
from bench.our_site import OurSite, our_site
from bench.peers.tasks import FILES_VARIABLE
from bench.places import ONE_THREAD, OUR_PYTHON
from bench.rows import Bound, Row, compared, measured_alone
from bench.same_tls import write_tls
from bench.samples import adk, large_adk

OURS, GRPC, FLIGHT, POOL = "ours", "bare gRPC stream", "Arrow Flight", "process pool, no sandbox"

WORKS = {"file": "a file, downloaded", "result": "a result from the cache"}
SPEED_BOUNDS = {GRPC: Bound(0.9, at_least=True), FLIGHT: Bound(1.0, at_least=True)}

CLIENTS = 8
THROUGHPUT_BOUND = Bound(0.5, at_least=True)
#: Numbers of calls that each client has for itself.
NUMBERS_EACH = 1_000_000

IDLE_BOUND_MIB = Bound(8.0)
#: Seconds without a call after which a site's children are idle.
UNTIL_IDLE_S = 2.0

#: Files are received in memory if it has room for so many of them, so that no disk is measured.
ROOM = 6


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    findings = Findings()
    with our_site() as site:
        record = site.deposit(adk(), "Adenylate kinase")
        _many_clients(findings, site, record, rounds=1 if short else 5, for_s=3.0 if short else 8.0)
        size = 256 * 10**6 if short else 10**9
        _streams(findings, site, size, rounds=2 if short else 7, budget_s=15.0 if short else 180.0)
    return findings


def _streams(findings: Findings, site: OurSite, size: int, *, rounds: int, budget_s: float) -> None:
    large = large_adk(size)
    mebibytes = size >> 20
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-bench-", dir=_roomy(size))))
        tls = write_tls(folder)
        room = {"TMPDIR": str(folder)}
        setup = site.setup(
            large=site.deposit(large, "Adenylate kinase, large"), target=str(folder / "ours.dcd"), mebibytes=mebibytes
        )
        contestants = {
            OURS: Contestant("ours", setup, python=OUR_PYTHON, variables=room),
            GRPC: Contestant(
                "grpc_bare", {**tls, "file": str(large.trajectory), "target": str(folder / "grpc.dcd")}, variables=room
            ),
            FLIGHT: Contestant(
                "flight_client",
                {**tls, "file": str(large.trajectory), "target": str(folder / "flight.dcd")},
                variables=room,
            ),
        }
        for one in contestants.values():
            end.enter_context(one)
        start_all(list(contestants.values()))
        for work, title in WORKS.items():
            entries = [Entry(label, one, work, warm_ups=1) for label, one in contestants.items()]
            panel = speed_panel(title, interleave(entries, rounds=rounds, budget_s=budget_s), size)
            findings.panels.append(panel)
            findings.rows += _speed_rows(title, panel, SPEED_BOUNDS)
        entries = [Entry(label, contestants[label], "dropped", warm_ups=1) for label in (GRPC, FLIGHT)]
        panel = speed_panel(
            "a stream, received and dropped", interleave(entries, rounds=rounds, budget_s=budget_s), size
        )
        findings.panels.append(panel)
    findings.notes.append(f"The file has {size / 1e6:,.0f} MB, the result {mebibytes} MiB; all in the page cache.")
    where = "memory" if _roomy(size) else "disk"
    findings.notes.append(f"All write what they receive to {where}; only ours checks a digest.")


def _speed_rows(title: str, panel: Panel, bounds: dict[str, Bound]) -> list[Row]:
    ours = panel.figures[OURS].p50
    return [
        compared(f"{title}, MB/s, more is better: {OURS} / {peer}", ours, panel.figures[peer].p50, bound)
        for peer, bound in bounds.items()
    ]


def _roomy(size: int) -> str | None:
    """Folder in memory if there is room for what is received; otherwise the usual one."""
    shared = Path("/dev/shm")
    is_roomy = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM * size
    return str(shared) if is_roomy else None


def _many_clients(findings: Findings, site: OurSite, record: str, *, rounds: int, for_s: float) -> None:
    """Let eight clients call as fast as they can, in turns with eight callers of a pool; then look at who waits."""
    workers = {FILES_VARIABLE: os.pathsep.join((str(adk().topology), str(adk().trajectory))), **ONE_THREAD}
    with ExitStack() as end:
        ours = [
            Contestant("ours", site.setup(adk=record), python=OUR_PYTHON, first=place * NUMBERS_EACH)
            for place in range(CLIENTS)
        ]
        pool = Contestant("process_pool", variables=workers)
        for one in (*ours, pool):
            end.enter_context(one)
        start_all([*ours, pool])
        speeds: dict[str, list[float]] = {OURS: [], POOL: []}
        errors: dict[str, str] = {}
        for number in range(rounds + 1):  # the first one warms up
            seconds = for_s if number else min(for_s, 3.0)
            for label, clients, threads in ((OURS, ours, 1), (POOL, [pool], CLIENTS)):
                try:
                    speeds[label].append(_calls_per_s(clients, threads, seconds))
                except ContestantError as error:
                    errors[label] = str(error)
        figures = {
            label: Figure(
                statistics.median(found[1:]) if found[1:] and label not in errors else None, error=errors.get(label, "")
            )
            for label, found in speeds.items()
        }
        findings.panels.append(Panel("RMSD of 98 frames by 8 clients", "calls/s", figures))
        what = f"RMSD of 98 frames by {CLIENTS} clients, calls/s, more is better: {OURS} / {POOL}"
        findings.rows.append(compared(what, figures[OURS].p50, figures[POOL].p50, THROUGHPUT_BOUND))
        time.sleep(UNTIL_IDLE_S)
        sizes = [size / 2**20 for size in idle_children_uss(site.pid)]
    found = statistics.median(sizes) if sizes else None
    why_not = "" if sizes else "no child waits for a call"
    findings.panels.append(Panel("memory of an idle child (USS)", "MiB", {OURS: Figure(found, error=why_not)}))
    findings.rows.append(measured_alone("memory of an idle child (USS), MiB", found, IDLE_BOUND_MIB))
    findings.notes.append(f"{len(sizes)} children waited for a call.")


def _calls_per_s(clients: Sequence[Contestant], threads: int, for_s: float) -> float:
    """Let clients call at the same time; returns the calls that all got done, by the second."""
    with ThreadPoolExecutor(len(clients)) as pool:
        began = time.perf_counter()
        done: list[int] = list(pool.map(lambda one: one.count("rmsd_98", for_s=for_s, clients=threads), clients))
        took = time.perf_counter() - began
    return sum(done) / took
