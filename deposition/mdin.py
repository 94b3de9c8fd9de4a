"""Guest: the probe of mdin, the settings of an AMBER run: a title, then namelists "&cntrl name=value, ... /"."""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology, empty, truncated
from deposition.settings import text_facts
from deposition.text_lines import lines

TYPE = "MDIN"
FAMILIES = ("text",)
SUFFIXES = (".mdin", ".in")
_HEAD = re.compile(rb"(?:[^\n]*\n){0,20}?[ \t]*&cntrl\b", re.IGNORECASE)
_BANNER = re.compile(rb"^\s+Amber \d+ ", re.MULTILINE)
_BEGIN = re.compile(r"\s*&(\w+)")
_SETTING = re.compile(r"([A-Za-z]\w{0,60}(?:\(\d+\))?)\s*=\s*('[^']*'|\"[^\"]*\"|[^,=/\s]+)")
_END = re.compile(r"(?:^|[\s,])(?:/|&end)\s*$", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Tell whether the namelist cntrl begins; logs of AMBER repeat it behind their banner."""
    return b"\0" not in head and _HEAD.match(head) is not None and _BANNER.search(head) is None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read what the namelists set."""
    doubts: list[str] = []
    settings: dict[str, str] = {}
    n_lines, namelist = 0, ""
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        plain = line.partition("!")[0].rstrip()
        if not namelist and (match := _BEGIN.match(plain)):
            namelist, plain = match[1].lower(), plain[match.end() :]
        if namelist:
            prefix = "" if namelist == "cntrl" else f"{namelist}."
            settings |= {prefix + name.lower(): value.strip("'\"") for name, value in _SETTING.findall(plain)}
            if _END.search(plain):
                namelist = ""
    if namelist:
        raise truncated(file, f"its namelist &{namelist[:40]} has no end")
    if not settings:
        raise empty(file, "sets nothing")
    return Report(text_facts(file, type=TYPE, n_lines=n_lines, settings=settings, program=("AMBER", ""), doubts=doubts))
