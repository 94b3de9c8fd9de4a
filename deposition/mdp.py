"""Guest: the probe of MDP, the settings of a GROMACS run: "name = value" a line, ";" before comments."""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology, empty, unreadable
from deposition.settings import text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "MDP"
FAMILIES = ("text",)
SUFFIXES = (".mdp",)
CERTAIN = False  # others write "name = value", too
# Names that stand in nearly every MDP.
KNOWN = frozenset({
    "integrator", "nsteps", "dt", "tinit", "nstlog", "nstenergy", "nstxout", "nstxout_compressed", "nstcomm", "rlist",
    "coulombtype", "rcoulomb", "rvdw", "vdwtype", "cutoff_scheme", "nstlist", "pbc", "tcoupl", "pcoupl", "tc_grps",
    "ref_t", "tau_t", "ref_p", "gen_vel", "gen_temp", "constraints", "emtol", "emstep", "define", "continuation",
})  # fmt: skip
_SETTING = re.compile(r"\s*([A-Za-z][\w-]{0,99})\s*=\s*(.*?)\s*$")


def looks_like(head: bytes) -> bool:
    """Tell whether all lines but comments set something, and some of it is GROMACS'."""
    whole = head[: head.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines()
    plain = [line.partition(";")[0].strip() for line in whole]
    found = [_SETTING.match(line) for line in plain if line]
    names = {_name(match[1]) for match in found if match}
    return b"\0" not in head and all(found) and not names.isdisjoint(KNOWN)


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one MDP and read its settings."""
    doubts: list[str] = []
    settings: dict[str, str] = {}
    n_lines = 0
    for n_lines, line in enumerate(lines(file), 1):
        plain = line.partition(";")[0].strip()
        if not plain:
            continue
        match = _SETTING.match(plain)
        if match is None:
            raise unreadable(file, f"line {n_lines} sets nothing: {line[:80]!r}")
        name = _name(match[1])
        if name in settings:
            doubts.append(f"it sets {name} twice; GROMACS refuses that")
        settings[name] = match[2]
    if not settings:
        raise empty(file, "sets nothing")
    doubt_missing_end(file, doubts)
    if settings.get("include"):
        doubts.append("it names folders to include files from, which are not part of the record")
    return Report(
        text_facts(file, type=TYPE, n_lines=n_lines, settings=settings, program=("GROMACS", ""), doubts=doubts)
    )


def _name(text: str) -> str:
    """Return a name as GROMACS compares them: "-" is "_", capitals are small."""
    return text.lower().replace("-", "_")
