"""Guest: the probe of GROMACS' logs: who ran what, the settings of the run, energies, and how it ended."""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology
from deposition.settings import SETTINGS_LIMIT, text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "GMXLOG"
FAMILIES = ("text",)
SUFFIXES = (".log",)
_HEAD = re.compile(
    rb"^(?: *:-\) GROMACS - gmx mdrun|GROMACS: +gmx mdrun|Log file opened on [^\n]+\n *Host:)", re.MULTILINE
)
_VERSION = re.compile(r"GROMACS version:\s+(.{1,80})|\s*:-\) GROMACS - gmx mdrun, ([\w.-]{1,40})")
_NUMBER = re.compile(r"[-+]?\d+\.\d+e[-+]\d+")
_SETTING = re.compile(r"\s{3,}([a-zA-Z][\w-]{0,60})(?:\s*\[[^\]]*\])?\s+= (.*)$")
_DIAGONAL = re.compile(r"\s+(compressibility|ref-p)\[\s*([012])\]=\{(.*)\}$")
_GROUP = re.compile(r"\s+(ref-t|tau-t|nrdf):\s+(.*)$")


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins as the logs of gmx mdrun do."""
    return _HEAD.search(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read the settings of the run, and whether it came to its end."""
    doubts: list[str] = []
    settings: dict[str, str] = {}
    diagonals: dict[tuple[str, int], str] = {}
    version, n_lines, listing, finished = "", 0, False, False
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        if not version and (match := _VERSION.match(line)):
            version = match[1] or match[2]
        if line.startswith("Input Parameters:"):
            listing = True
        elif line and not line[0].isspace() and not line.startswith(("grpopts", "qm-opts")):
            listing = False
        elif listing and len(settings) <= SETTINGS_LIMIT and (match := _SETTING.match(line) or _GROUP.match(line)):
            settings.setdefault(match[1], match[2].strip())
        elif listing and (match := _DIAGONAL.match(line)):
            numbers, place = _NUMBER.findall(match[3]), int(match[2])
            diagonals |= {(match[1], place): f"{float(numbers[place]):g}"} if len(numbers) == 3 else {}
        finished |= line.startswith("Finished mdrun")
    for name in ("compressibility", "ref-p"):
        if values := [diagonals[name, place] for place in range(3) if (name, place) in diagonals]:
            settings[name] = " ".join(values)
    doubt_missing_end(file, doubts)
    if not finished:
        doubts.append("the run did not come to its end, or the log is cut")
    return Report(
        text_facts(
            file,
            type=TYPE,
            n_lines=n_lines,
            settings=settings,
            program=("GROMACS", version),
            finished=finished,
            doubts=doubts,
        )
    )
