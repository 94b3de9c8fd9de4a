"""Units: products, quotients and powers of a few names, converted only to what measures the same."""

from __future__ import annotations

import pytest
from MDAnalysis.units import convert

from fomrepo.errors import ArgumentError
from fomrepo.model.units import factor, is_known, known_units


@pytest.mark.parametrize(
    ("unit", "target", "by"),
    [
        ("angstrom", "nm", 0.1),
        ("nm**2", "angstrom**2", 100.0),
        ("angstrom**2/ps", "nm**2/ns", 10.0),
        ("angstrom**2/ps", "cm**2/s", 1e-4),
        ("kcal/mol", "kJ/mol", 4.184),
        ("kJ/mol/nm**2", "kJ/mol/angstrom**2", 0.01),
        ("1/angstrom**3", "1/nm**3", 1000.0),
        ("dalton/angstrom**3", "g/cm**3", 1.66053907),
        ("elementary_charge*angstrom", "debye", 4.80320),
        ("degree/ps", "radian/ns", 17.453292519943),
        ("us", "ps", 1e6),
        ("", "", 1.0),
        ("nm/nm", "", 1.0),
        ("angstrom*angstrom", "angstrom**2", 1.0),
    ],
)
def test_conversions(unit: str, target: str, by: float) -> None:
    assert factor(unit, target) == pytest.approx(by, rel=1e-6)
    assert factor(target, unit) == pytest.approx(1 / by, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "target", "theirs"),
    [
        ("nm", "angstrom", ("nm", "Angstrom")),
        ("ns", "ps", ("ns", "ps")),
        ("nm/ps", "angstrom/ps", ("nm/ps", "Angstrom/ps")),
        ("kcal/mol", "kJ/mol", ("kcal/mol", "kJ/mol")),
    ],
)
def test_they_are_those_of_mdanalysis(unit: str, target: str, theirs: tuple[str, str]) -> None:
    assert factor(unit, target) == pytest.approx(convert(1.0, *theirs), rel=1e-9)


@pytest.mark.parametrize(
    ("unit", "target", "said"),
    [
        ("angstrom", "ps", "'angstrom' measures length, 'ps' measures time: no conversion exists"),
        ("angstrom**2/ps", "nm", r"measures length\*\*2/time"),
        ("1/nm", "", "measures 1/length, '' measures nothing"),
        ("kJ", "kJ/mol", "measures energy, 'kJ/mol' measures energy/amount"),
        ("furlong", "nm", r"(?s)'furlong' is not a unit.*nm\*\*2/ns"),
    ],
)
def test_what_measures_other_things_is_not_converted(unit: str, target: str, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        factor(unit, target)


@pytest.mark.parametrize(
    "text",
    ["1", "2/nm", "nm**0", "nm**-1", "nm^2", "nm/", "/nm", "nm**12", "nm nm", "nm\n", "1//nm", "nm*" * 40 + "nm"],
)
def test_what_is_no_unit(text: str) -> None:
    assert not is_known(text)


def test_every_name_is_a_unit() -> None:
    assert all(map(is_known, known_units()))
