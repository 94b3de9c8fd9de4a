"""Units of result fields: what may be declared, and conversion factors.

MDAnalysis' units are the base: angstrom, ps, dalton, degree, kJ/mol. A unit is a name, or names that are multiplied,
divided and raised as Python spells it: ``nm**2/ns``, ``kJ/mol/angstrom**2``, ``1/angstrom**3``. A conversion happens
only when it is asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from fomrepo.errors import ArgumentError

#: name -> (dimensions, factor to the base units). Factors by definition (SI 2019; 1 kcal = 4.184 kJ, 1 atm = 1.01325
#: bar, 1 D = 1e-21 C m**2/s / c), but for g in dalton, which is measured (CODATA 2022; relative error below 1e-9).
_NAMES: dict[str, tuple[str, float]] = {
    "angstrom": ("length", 1.0),
    "nm": ("length", 10.0),
    "pm": ("length", 0.01),
    "cm": ("length", 1e8),
    "ps": ("time", 1.0),
    "fs": ("time", 1e-3),
    "ns": ("time", 1e3),
    "us": ("time", 1e6),
    "s": ("time", 1e12),
    "degree": ("angle", 1.0),
    "radian": ("angle", 57.29577951308232),
    "dalton": ("mass", 1.0),
    "g": ("mass", 6.02214076e23),
    "elementary_charge": ("charge", 1.0),
    "debye": ("charge length", 0.20819433270935594),
    "kJ": ("energy", 1.0),
    "kcal": ("energy", 4.184),
    "mol": ("amount", 1.0),
    "K": ("temperature", 1.0),
    "bar": ("pressure", 1.0),
    "atm": ("pressure", 1.01325),
}
_PART = re.compile(r"([*/])([A-Za-z_]+)(?:\*\*([1-9]))?")
#: Longest text that is read as a unit.
LENGTH_LIMIT = 80


def is_known(unit: str) -> bool:
    """Whether a unit may be declared by a method."""
    return _measured(unit) is not None


def known_units() -> tuple[str, ...]:
    """All names that units are made of; the empty text, which comes first, stands for a plain number."""
    return ("", *_NAMES)


def factor(unit: str, target: str) -> float:
    """Number to multiply a value in ``unit`` with to have it in ``target``.

    Raises
    ------
    ArgumentError
        If one of them is unknown, or they measure different things.
    """
    found = []
    for name in (unit, target):
        if (measured := _measured(name)) is None:
            raise ArgumentError(
                f"{name!r} is not a unit that fomrepo knows",
                remedy=f"make it of {', '.join(_NAMES)}, such as nm**2/ns",
            )
        found.append(measured)
    (dimensions, scale), (wanted, base) = found
    if dimensions != wanted:
        raise ArgumentError(
            f"{unit!r} measures {_spelt(dimensions)}, {target!r} measures {_spelt(wanted)}: no conversion exists"
        )
    return scale / base


@lru_cache(maxsize=256)  # asked for each field of each result
def _measured(unit: str) -> tuple[tuple[tuple[str, int], ...], float] | None:
    """Powers of dimensions, and factor to the base units; None if it is no unit."""
    if unit == "":
        return (), 1.0
    text = unit.removeprefix("1") if unit.startswith("1/") else f"*{unit}"
    if len(unit) > LENGTH_LIMIT or not re.fullmatch(f"(?:{_PART.pattern})+", text):
        return None
    dimensions: Counter[str] = Counter()
    scale = 1.0
    for sign, name, power in _PART.findall(text):
        if name not in _NAMES:
            return None
        of_name, one = _NAMES[name]
        exponent = int(power or 1)
        scale = scale * one**exponent if sign == "*" else scale / one**exponent
        for dimension in of_name.split():
            dimensions[dimension] += exponent if sign == "*" else -exponent
    return tuple(sorted((name, power) for name, power in dimensions.items() if power)), scale


def _spelt(dimensions: tuple[tuple[str, int], ...]) -> str:
    """Spell dimensions: ``length**2/time``; ``nothing`` for a plain number."""
    over = "*".join(f"{name}**{power}" if power > 1 else name for name, power in dimensions if power > 0)
    under = "".join(f"/{name}**{-power}" if power < -1 else f"/{name}" for name, power in dimensions if power < 0)
    return f"{over or 1}{under}" if dimensions else "nothing"
