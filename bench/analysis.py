"""What an analysis of a trajectory costs: RMSD, RMSF and radius of gyration of 4,000 frames x 3,341 atoms of XTC."""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.contestant import Contestant, ContestantError, start_all
from bench.findings import Findings, timed_panel
from bench.interleave import Entry, interleave
from bench.our_site import our_site
from bench.peers.tasks import FILES_VARIABLE
from bench.places import ONE_THREAD, OUR_PYTHON, PEER_PYTHON, SCRIPTS
from bench.rows import Bound, Row, compared, measured_alone
from bench.samples import adk, long_adk

HOT, FIRST = "ours, file in use", "ours, first call"
GMX, MDTRAJ, MDANALYSIS = "gmx", "mdtraj script", "MDAnalysis script"
LOCAL = "same function in process"

ANALYSES = {"rmsd": "RMSD", "rmsf": "RMSF", "radius_of_gyration": "radius of gyration"}

BOUNDS = {
    (HOT, GMX): Bound(0.25),
    (HOT, MDTRAJ): Bound(0.2),
    (HOT, MDANALYSIS): Bound(0.1),
    (FIRST, GMX): Bound(0.9),
}

#: Largest difference of our numbers to MDAnalysis, in angstrom.
SAME_ANGSTROM = 1e-5
#: And of the peers': GROMACS rounds its output and has masses of its own.
SIMILAR_ANGSTROM = 0.05

#: GROMACS' tools read the numbers of groups from stdin; their output is in nm.
GMX_TOOLS = {
    "rmsd": (("rms", "-nomw"), "0\n0\n"),
    "rmsf": (("rmsf", "-nofit"), "1\n"),
    "radius_of_gyration": (("gyrate",), "2\n"),
}


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    rounds, budget_s = (1, 20.0) if short else (7, 300.0)
    findings = Findings()
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-bench-")))
        long = long_adk()
        site = end.enter_context(our_site())
        setup = site.setup(
            adk=site.deposit(adk(), "Adenylate kinase"),
            long=site.deposit(long, "Adenylate kinase, 4,000 frames"),
            fresh={"topology": str(long.topology), "trajectory": str(long.trajectory), "folder": str(folder)},
        )
        workers = {FILES_VARIABLE: os.pathsep.join((str(adk().topology), str(adk().trajectory))), **ONE_THREAD}
        ours = end.enter_context(Contestant("ours", setup, python=OUR_PYTHON))
        programs = end.enter_context(Contestant("programs", {"commands": _commands(folder)}))
        local = end.enter_context(Contestant("local", variables=workers))
        start_all([ours, programs, local])

        for name, title in ANALYSES.items():
            warm_ups = int(name == "rmsd")  # brings programs and libraries into memory
            entries = [
                Entry(HOT, ours, name),
                Entry(FIRST, ours, f"{name}_first", warm_ups=0),
                *(Entry(peer, programs, f"{name} {peer}", warm_ups=warm_ups) for peer in (GMX, MDTRAJ, MDANALYSIS)),
            ]
            samples = interleave(entries, rounds=rounds, budget_s=budget_s)
            findings.panels.append(timed_panel(title, samples, unit="s"))
            for (mine, peer), bound in BOUNDS.items():
                what = f"{title} of 4,000 frames, s: {mine} / {peer}"
                findings.rows.append(compared(what, samples[mine].p50, samples[peer].p50, bound))
            findings.rows += _numbers_compared(name, ours, programs)

        entries = [Entry(HOT, ours, "close_pairs"), Entry(LOCAL, local, "close_pairs", warm_ups=1)]
        samples = interleave(entries, rounds=2 if short else 10, budget_s=budget_s)
        findings.panels.append(timed_panel("an analysis of a second", samples, unit="s"))
        what = f"an analysis of a second, s: {HOT} / {LOCAL}"
        findings.rows.append(compared(what, samples[HOT].p50, samples[LOCAL].p50, Bound(1.05)))
    findings.notes += [
        "Nothing of ours comes from the cache: each call is worded in a way that nobody has used.",
        "Peers are whole processes, from their start to their output on disk; the files are in the page cache.",
        "First call: the trajectory was deposited just before, as bytes that the site had never seen; "
        "then the site rested for three seconds, so that it has a spare sandbox.",
    ]
    return findings


def _commands(folder: Path) -> dict[str, object]:
    """Each quantity by each program: ``rmsd gmx`` and so on."""
    long = long_adk()
    commands: dict[str, object] = {}
    for name in ANALYSES:
        for peer, script, topology in (
            (MDTRAJ, "by_mdtraj.py", long.pdb),
            (MDANALYSIS, "by_mdanalysis.py", long.topology),
        ):
            output = str(folder / f"{name}.{script}.txt")
            commands[f"{name} {peer}"] = {
                "arguments": [
                    str(PEER_PYTHON),
                    str(SCRIPTS / script),
                    name,
                    str(topology),
                    str(long.trajectory),
                    output,
                ],
                "output": output,
            }
        tool, groups = GMX_TOOLS[name]
        output = str(folder / f"{name}.xvg")
        files = ("-s", str(long.gro), "-f", str(long.trajectory), "-n", str(long.index), "-o", output)
        commands[f"{name} {GMX}"] = {
            "arguments": ["gmx", "-quiet", *tool, *files, "-xvg", "none"],
            "stdin": groups,
            "output": output,
            "column": 1,
            "scale": 10.0,
        }
    return commands


def _numbers_compared(name: str, ours: Contestant, programs: Contestant) -> list[Row]:
    """Hold everybody's numbers against MDAnalysis': nobody is fast because he computes something else."""
    numbers: dict[str, np.ndarray] = {}
    for label, contestant, work in (
        ("ours", ours, name),
        *((peer, programs, f"{name} {peer}") for peer in (GMX, MDTRAJ, MDANALYSIS)),
    ):
        with contextlib.suppress(ContestantError):  # a row without a figure says that it is missing
            numbers[label] = np.array(contestant.value(work))
    rows = []
    for label, limit in (("ours", SAME_ANGSTROM), (GMX, SIMILAR_ANGSTROM), (MDTRAJ, SIMILAR_ANGSTROM)):
        is_known = label in numbers and MDANALYSIS in numbers
        difference = float(np.abs(numbers[label] - numbers[MDANALYSIS]).max()) if is_known else None
        what = f"{ANALYSES[name]}, largest difference of {label} to MDAnalysis in angstrom"
        rows.append(measured_alone(what, difference, Bound(limit, exact=True)))
    return rows
