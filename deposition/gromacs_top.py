"""Guest: the probe of GROMACS' topologies as text, TOP and ITP: sections "[ name ]", and files that are included.

To methods it is a text: what it includes is not part of the record, and nothing follows it. TPR has all in one.
"""

from __future__ import annotations

import re

from deposition.report import Deposited, Report, Topology, empty
from deposition.settings import INCLUDES_LIMIT, text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "GMXTOP"
FAMILIES = ("text",)
SUFFIXES = (".top", ".itp")
_SECTION = re.compile(r"\s*\[\s*(\w+)\s*\]")
_INCLUDE = re.compile(r'\s*#include\s+["<]([^">]{1,200})[">]')
_HEAD = re.compile(
    rb"^[ \t]*(?:\[[ \t]*(?:defaults|atomtypes|moleculetype|system|molecules|bondtypes|pairtypes|atoms|"
    rb"position_restraints)[ \t]*\]|#include[ \t]+\"[^\"\n]+\.itp\")",
    re.MULTILINE,
)
_DIRECTIVE = rb"#[ \t]*(?:include|define|undef|ifdef|ifndef|else|endif|error)\b"
_BEFORE = re.compile(
    rb"(?:[ \t]*(?:;[^\n]*|" + _DIRECTIVE + rb"[^\n]*|\*[^\n]*)?\r?\n)*[ \t]*(?:\[|" + _DIRECTIVE + rb")"
)


def looks_like(head: bytes) -> bool:
    """Tell whether only comments and directives stand before a section of GROMACS."""
    return _BEFORE.match(head) is not None and _HEAD.search(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read which sections, molecules and included files it names."""
    doubts: list[str] = []
    sections: list[str] = []
    included: list[str] = []
    molecules: list[dict[str, str]] = []
    n_lines = 0
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        if match := _SECTION.match(line):
            sections.append(match[1])
        elif match := _INCLUDE.match(line):
            included.append(match[1])
        elif sections and sections[-1] == "molecules":
            words = line.partition(";")[0].split()
            if len(words) == 2 and not words[0].startswith("#"):
                molecules.append({"name": words[0][:80], "count": words[1][:20]})
    if not sections and not included:
        raise empty(file, "has no section")
    if included:
        names = ", ".join(included[:INCLUDES_LIMIT])
        doubts.append(f"it includes files that are not part of it and are not followed: {names}"[:1000])
    doubt_missing_end(file, doubts)
    return Report(
        text_facts(
            file,
            type=TYPE,
            n_lines=n_lines,
            program=("GROMACS", ""),
            includes=included[:INCLUDES_LIMIT],
            molecules=molecules[:INCLUDES_LIMIT],
            doubts=doubts,
        )
    )
