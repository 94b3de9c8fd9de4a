"""One thing that is known of a simulation, with where it stands; and how names and numbers in it are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

#: One value of an entry; an entry has one, or a row of them.
Value: TypeAlias = float | int | str | bool

#: Larger numbers mean nothing, and neither does what is not finite.
LARGEST_NUMBER = 1e300

#: A number as programs and people write it; Fortran has "d" before an exponent.
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is known, from one source."""

    #: Global name; where there is none, that of the program: ``GROMACS.nstlist``, or that of the claim.
    name: str
    #: In ``unit``; of an unknown name as it was written.
    values: tuple[Value, ...]
    unit: str
    #: Which file says so; empty: the depositor does.
    file: str
    #: Where in the file, or under which name it was claimed, and what is written there: ``ref-t = 300``.
    source: str

    @property
    def text(self) -> str:
        """The values with their unit."""
        return f"{', '.join(map(shown, self.values))} {self.unit}".rstrip()


def as_number(text: str) -> float | int:
    """Read a number that :data:`NUMBER` matches."""
    try:
        return int(text)
    except ValueError:
        return float(text.lower().replace("d", "e"))


def is_number(value: Any) -> bool:
    """Whether something is a number that means anything."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def plain_key(key: str) -> str:
    """Return a name as names are compared: GROMACS' "ref-t" is "ref_t"."""
    return key.strip().lower().replace("-", "_")


def shown(value: Value) -> str:
    """Spell a value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
