"""Guest: the probe of LAMMPS' logs: its version, the commands of its input as it read them, energies, how it ended."""

from __future__ import annotations

import re

from deposition.lammps_commands import Commands
from deposition.report import Deposited, Report, Topology
from deposition.settings import text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "LAMMPSLOG"
FAMILIES = ("text",)
SUFFIXES = (".lammps", ".log")
_HEAD = re.compile(rb"LAMMPS \(\d{1,2} [A-Z][a-z]{2} \d{4}")
_VERSION = re.compile(r"LAMMPS \((.{1,60})\)")
LINE_LIMIT_BYTES = 65_536  # a line of energies has a column for each thing that was asked for


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with LAMMPS and the date of its version."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read what was set, and whether the run came to its end."""
    doubts: list[str] = []
    commands = Commands()
    version, n_lines, finished = "", 0, False
    for n_lines, line in enumerate(lines(file, limit_bytes=LINE_LIMIT_BYTES), 1):  # noqa: B007 - it is asked for below
        if not version and (match := _VERSION.match(line)):
            version = match[1]
        elif line[:1].isalpha() and "$" not in line:  # a line with variables stands there again with their values
            commands.take(line)
        finished |= line.startswith("Total wall time:")
    doubts += commands.doubts()
    doubt_missing_end(file, doubts)
    if not finished:
        doubts.append("the run did not come to its end, or the log is cut")
    return Report(
        text_facts(
            file,
            type=TYPE,
            n_lines=n_lines,
            settings=commands.settings,
            program=("LAMMPS", version),
            finished=finished,
            doubts=doubts,
        )
    )
