"""Guest: the probe of mdout, the logs of AMBER's sander and pmemd: the input, what was set, energies, times."""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology
from deposition.settings import SETTINGS_LIMIT, text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "MDOUT"
FAMILIES = ("text",)
SUFFIXES = (".mdout", ".out")
_HEAD = re.compile(rb"\s*-{20,}\s*\n\s*Amber (\d+) ([A-Z]+)")
_BANNER = re.compile(r"\s*Amber (\d+) ([A-Z]+)")
_SETTING = re.compile(r"([A-Za-z]\w{0,30})\s*=\s*([^,=\s]+)\s*(?:,|$)")
_END = ("|  Total wall time", "|  Master Total wall time", "|     Total wall time", "5.  TIMINGS", "   5.  TIMINGS")


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the banner of sander or pmemd."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read what the run was set to, and whether it came to its end."""
    doubts: list[str] = []
    settings: dict[str, str] = {}
    version, n_lines, listing, finished = "", 0, False, False
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        if not version and (match := _BANNER.match(line)):
            version = f"{match[1]} {match[2]}"
        title = line.strip()
        if title.startswith(("1.  RESOURCE", "2.  CONTROL")):
            listing = True
        elif title.startswith(("3.  ATOMIC", "4.  RESULTS")):
            listing = False
        elif listing and len(settings) <= SETTINGS_LIMIT:
            settings |= {name.lower(): value for name, value in _SETTING.findall(line)}
        finished |= line.startswith(_END)
    doubt_missing_end(file, doubts)
    if not finished:
        doubts.append("the run did not come to its end, or the log is cut")
    return Report(
        text_facts(
            file,
            type=TYPE,
            n_lines=n_lines,
            settings=settings,
            program=("AMBER", version),
            finished=finished,
            doubts=doubts,
        )
    )
