"""How values are spelt for people."""

from __future__ import annotations

import pytest

from fomrepo.browser.spelling import axis_text, counted, fact, quantity, unit_sign


@pytest.mark.parametrize(
    ("unit", "sign"),
    [
        ("angstrom", "Å"),
        ("angstrom**2", "Å²"),
        ("elementary_charge/angstrom**3", "e/Å³"),
        ("ps", "ps"),
        ("kJ/mol", "kJ/mol"),
    ],
)
def test_units_have_signs(unit: str, sign: str) -> None:
    assert unit_sign(unit) == sign


@pytest.mark.parametrize(
    ("text", "name", "spelt"),
    [
        ("0.999999912 ps", "frame_step", "1 ps"),
        ("96.9999915 ps", "simulation_time", "97 ps"),
        ("-4 elementary_charge", "system_charge", "-4 e"),
        ("3341", "total_atom_count", "3,341"),
        ("3341", "random_seed", "3341"),
        ("1.2345678e-05 nm", "tolerance", "1.2345678e-05 nm"),
        ("CHARMM27", "force_fields", "CHARMM27"),
        ("GROMACS 2024.1234567", "simulation_software", "GROMACS 2024.1234567"),
    ],
)
def test_facts_have_the_digits_that_were_measured(text: str, name: str, spelt: str) -> None:
    assert fact(text, name) == spelt


def test_numbers_of_the_statistics_are_in_the_unit_that_fits() -> None:
    told = [quantity(*one) for one in ((0.097, "ns"), (0.0, "ns"), (2.5e6, "ns"), (0.002432, "GB"), (3341.0, ""))]
    assert told == ["97 ps", "0", "2.5 ms", "2.43 MB", "3,341"]
    assert quantity(None, "ns") == quantity(None, "GB") == ""


def test_one_thing_is_not_many() -> None:
    assert [counted(n, "atom") for n in (0, 1, 3341)] == ["0 atoms", "1 atom", "3,341 atoms"]


def test_axes_are_named_in_words() -> None:
    assert [axis_text(one) for one in ("times (ps)", "end_to_end (angstrom)", "frame", "")] == [
        "time (ps)", "end to end (Å)", "frame", "",
    ]  # fmt: skip
