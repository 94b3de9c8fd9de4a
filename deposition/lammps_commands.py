"""Guest: what LAMMPS is told to do, line by line: from its inputs, and from its logs, which repeat them.

Nothing is run: variables of one literal are filled in, formulas, loops and other files are not followed.
"""

from __future__ import annotations

import re

from deposition.settings import SETTINGS_LIMIT

# Commands that are kept with what follows them; the last one counts.
PLAIN = frozenset({
    "units", "atom_style", "boundary", "dimension", "newton", "processors", "timestep", "run", "minimize", "pair_style",
    "bond_style", "angle_style", "dihedral_style", "improper_style", "kspace_style", "kspace_modify", "pair_modify",
    "special_bonds", "neighbor", "neigh_modify", "run_style", "thermo", "thermo_style", "read_data", "read_restart",
    "lattice", "region", "create_box", "mass", "group", "dump", "compute", "restart", "suffix", "package", "min_style",
})  # fmt: skip
FOLLOWED_NOT = ("include", "jump", "if", "next", "label", "python", "shell", "rerun")
# Keywords of the fixes nvt, npt and nph: each has a start, a stop and a time constant behind it.
NOSE_HOOVER, COUPLINGS = ("nvt", "npt", "nph"), ("temp", "iso", "aniso", "tri", "x", "y", "z")
ACCELERATED = re.compile(r"/(?:gpu|kk|omp|intel|opt)(?:/(?:host|device))?$")  # the same style by other code
_NUMBER, _WORD = re.compile(r"[-+]?[\d.]{1,30}(?:[eE][-+]?\d{1,3})?"), re.compile(r"[\w.+/-]{1,60}")
_VARIABLE = re.compile(r"\$\{(\w{1,60})\}|\$([A-Za-z])")


class Commands:
    """What was set so far, and, once something was run, what was set then."""

    def __init__(self) -> None:
        self._variables: dict[str, str] = {}
        self._now: dict[str, str] = {}
        self._of_fix: dict[str, list[str]] = {}
        self._at_run: dict[str, str] = {}
        self.n_runs = 0
        self.not_followed: list[str] = []
        self._continued = ""

    @property
    def settings(self) -> dict[str, str]:
        """What held at the last run; without one, at the end."""
        return self._at_run or self._now

    def take(self, line: str) -> None:
        """Take one line; what is no command of interest is passed over."""
        text = (self._continued + line).partition("#")[0].strip()
        self._continued = ""
        if text.endswith("&") and len(text) < 4096:  # it goes on in the next line
            self._continued = text[:-1] + " "
            return
        words = self._filled_in(text).split()
        if not words or len(self._now) > SETTINGS_LIMIT:
            return
        command, rest = words[0], words[1:]
        if command == "variable" and len(rest) == 3:
            literal = _NUMBER if rest[1] == "equal" else _WORD
            if literal.fullmatch(rest[2]) and rest[1] in ("equal", "index", "string"):
                self._variables[rest[0]] = rest[2]
        elif command == "fix" and len(rest) > 2:
            self._fix(rest[0], ACCELERATED.sub("", rest[2]), rest[3:])
        elif command == "unfix" and rest:
            for key in self._of_fix.pop(rest[0], ()):
                self._now.pop(key, None)
        elif command == "velocity" and len(rest) > 3 and rest[1] == "create":
            self._now["velocity create"] = " ".join(rest[2:4])
        elif command in PLAIN and rest:
            self._now[command] = ACCELERATED.sub("", rest[0]) + "".join(f" {word}" for word in rest[1:])
            if command == "run":
                self.n_runs += 1
                self._at_run = dict(self._now)
        elif command in FOLLOWED_NOT:
            self.not_followed.append(command)

    def doubts(self) -> list[str]:
        """Say what may be otherwise than it looks."""
        found = []
        if self.n_runs > 1:
            found.append(f"it runs {self.n_runs} times; the settings are those of the last run")
        if self.not_followed:
            found.append(f"it has commands that are not followed: {', '.join(sorted(set(self.not_followed)))}")
        if any("$" in value or "v_" in value for value in self.settings.values()):
            found.append("it computes values as it runs: they stand here as they are written")
        return found

    def _fix(self, name: str, style: str, arguments: list[str]) -> None:
        """Keep one fix under its style, those of Nose and Hoover under each of their keywords."""
        found = {f"fix {style}": " ".join(arguments)}
        if style in NOSE_HOOVER:
            found = {
                f"fix {style} {word}": " ".join(arguments[place + 1 : place + 4])
                for place, word in enumerate(arguments)
                if word in COUPLINGS
            }
        self._now |= found
        self._of_fix[name] = list(found)

    def _filled_in(self, text: str) -> str:
        """Put the literals of variables where they are asked for."""
        return _VARIABLE.sub(lambda match: self._variables.get(match[1] or match[2], match[0]), text)
