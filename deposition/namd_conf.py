"""Guest: the probe of NAMD's configurations: "name value" a line, in Tcl, "#" before comments."""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology, empty
from deposition.settings import text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "NAMDCONF"
FAMILIES = ("text",)
SUFFIXES = (".namd", ".conf", ".namdconf")
CERTAIN = False  # words, one pair a line
FEWEST_KNOWN, SMALLEST_PART = 3, 0.4  # of the lines, without comments
# Names that stand in nearly every configuration.
KNOWN = frozenset({
    "structure", "coordinates", "parameters", "paratypecharmm", "temperature", "timestep", "cutoff", "pairlistdist",
    "switching", "switchdist", "exclude", "1-4scaling", "outputname", "outputenergies", "dcdfreq", "restartfreq",
    "xstfreq", "numsteps", "run", "minimize", "langevin", "langevintemp", "langevindamping", "pme", "pmegridspacing",
    "rigidbonds", "nonbondedfreq", "fullelectfrequency", "stepspercycle", "cellbasisvector1", "wrapall",
    "bincoordinates", "langevinpiston", "langevinpistontarget", "outputtiming", "firsttimestep", "parmfile",
    "ambercoor", "amber",
})  # fmt: skip
_SETTING = re.compile(r"([A-Za-z0-9][\w-]{0,60})\s*(?:=\s*|\s+)(\S.*)$")
_TCL = ("set", "if", "else", "elseif", "proc", "for", "foreach", "while", "puts", "print", "expr", "return", "source")


def looks_like(head: bytes) -> bool:
    """Tell whether many lines begin with names of NAMD."""
    found = [line.split() for line in head.decode("utf-8", "replace").splitlines()]
    words = [line[0].lower() for line in found if line and not line[0].startswith("#")]
    known = [word for word in words if word in KNOWN or word in _TCL]
    enough = len(KNOWN.intersection(words)) >= FEWEST_KNOWN and len(known) > SMALLEST_PART * len(words)
    return b"\0" not in head and enough


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read what it sets; Tcl is not run."""
    doubts: list[str] = []
    settings: dict[str, str] = {}
    n_lines, has_tcl, sources = 0, False, []
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        plain = line.strip().partition(";#")[0].strip()
        if not plain or plain.startswith("#"):
            continue
        match = _SETTING.match(plain.partition(" #")[0].strip())
        first = plain.split()[0].lower()
        if first in _TCL or match is None:
            has_tcl |= first in _TCL
            if first == "source":
                sources.append(plain[6:].strip()[:80])
        else:
            settings[match[1].lower()] = match[2].strip()
    if not settings:
        raise empty(file, "sets nothing")
    if sources:
        doubts.append(f"it reads other files, which are not followed: {', '.join(sources[:20])}")
    if has_tcl or any("$" in value for value in settings.values()):
        doubts.append("it is a program in Tcl, which is not run: values may be set in other ways than they stand here")
    doubt_missing_end(file, doubts)
    return Report(text_facts(file, type=TYPE, n_lines=n_lines, settings=settings, program=("NAMD", ""), doubts=doubts))
