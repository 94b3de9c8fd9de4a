"""Guest: the probe of LAMMPS' inputs: a command a line, "#" before comments."""

from __future__ import annotations

from deposition.lammps_commands import PLAIN, Commands
from deposition.report import Deposited, Report, Topology, empty
from deposition.settings import text_facts
from deposition.text_lines import doubt_missing_end, lines

TYPE = "LAMMPSIN"
FAMILIES = ("text",)
SUFFIXES = (".in", ".lmp", ".lammps", ".inp")
CERTAIN = False  # words, nothing else
FEWEST_KNOWN, SMALLEST_PART = 3, 0.5  # of the lines, without comments
# Commands that no other program has.
OWN = frozenset({"atom_style", "pair_style", "pair_coeff", "read_data", "kspace_style", "bond_style", "thermo_style"})


def looks_like(head: bytes) -> bool:
    """Tell whether most lines begin with commands of LAMMPS."""
    found = [line.split() for line in head.decode("utf-8", "replace").splitlines()]
    words = [line[0] for line in found if line and not line[0].startswith("#")]
    known = [word for word in words if word in PLAIN or word in OWN or word in ("fix", "variable", "velocity", "unfix")]
    enough = len(known) >= FEWEST_KNOWN and len(known) > SMALLEST_PART * len(words)
    return b"\0" not in head and enough and not OWN.isdisjoint(words)


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Read what it sets and runs."""
    doubts: list[str] = []
    commands = Commands()
    n_lines = 0
    for n_lines, line in enumerate(lines(file), 1):  # noqa: B007 - it is asked for after the loop
        commands.take(line)
    if not commands.settings:
        raise empty(file, "sets nothing")
    doubts += commands.doubts()
    doubt_missing_end(file, doubts)
    return Report(
        text_facts(file, type=TYPE, n_lines=n_lines, settings=commands.settings, program=("LAMMPS", ""), doubts=doubts)
    )
