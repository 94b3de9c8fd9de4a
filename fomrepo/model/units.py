"""Units of result fields: what may be declared, and exact conversion factors.

MDAnalysis' units are the base: angstrom, ps, dalton, degree, kJ/mol. A conversion happens only when it is asked for.
"""

from __future__ import annotations

from fomrepo.errors import ArgumentError

#: unit -> (dimension, factor to the dimension's base unit). Factors by definition (SI 2019; 1 kcal = 4.184 kJ).
_UNITS: dict[str, tuple[str, float]] = {
    "": ("none", 1.0),
    "angstrom": ("length", 1.0),
    "nm": ("length", 10.0),
    "pm": ("length", 0.01),
    "angstrom**2": ("area", 1.0),
    "nm**2": ("area", 100.0),
    "angstrom**3": ("volume", 1.0),
    "nm**3": ("volume", 1000.0),
    "ps": ("time", 1.0),
    "fs": ("time", 1e-3),
    "ns": ("time", 1e3),
    "us": ("time", 1e6),
    "degree": ("angle", 1.0),
    "radian": ("angle", 57.29577951308232),
    "dalton": ("mass", 1.0),
    "elementary_charge": ("charge", 1.0),
    "kJ/mol": ("energy", 1.0),
    "kcal/mol": ("energy", 4.184),
    "K": ("temperature", 1.0),
    "bar": ("pressure", 1.0),
    "angstrom/ps": ("velocity", 1.0),
    "nm/ps": ("velocity", 10.0),
    "1/angstrom": ("inverse length", 1.0),
    "1/angstrom**3": ("number density", 1.0),
    "dalton/angstrom**3": ("mass density", 1.0),
    "elementary_charge/angstrom**3": ("charge density", 1.0),
    "angstrom**2/ps": ("diffusion", 1.0),
}


def is_known(unit: str) -> bool:
    """Whether a unit may be declared by a method."""
    return unit in _UNITS


def known_units() -> tuple[str, ...]:
    """All units that a method may declare; the empty text stands for a plain number."""
    return tuple(_UNITS)


def factor(unit: str, target: str) -> float:
    """Number to multiply a value in ``unit`` with to have it in ``target``.

    Raises
    ------
    ArgumentError
        If one of them is unknown, or they measure different things.
    """
    for name in (unit, target):
        if name not in _UNITS:
            raise ArgumentError(
                f"{name!r} is not a unit that fomrepo knows", remedy=f"use one of: {', '.join(u for u in _UNITS if u)}"
            )
    if _UNITS[unit][0] != _UNITS[target][0]:
        raise ArgumentError(
            f"{unit!r} is a {_UNITS[unit][0]} and {target!r} is a {_UNITS[target][0]}: no conversion exists"
        )
    return _UNITS[unit][1] / _UNITS[target][1]
