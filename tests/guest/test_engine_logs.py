"""Energies out of engines' logs: what was printed at each step, and nothing of the averages behind them."""

from __future__ import annotations

import importlib.util
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fomrepo.installed_files import installed_folder

METHODS = installed_folder("methods")
LAMMPS = """\
LAMMPS (29 Aug 2024 - Update 1)
units           real
run             100
   Step          Temp          E_pair         Press          Time
         0   700           -414720        1.5            0
WARNING: Communication cutoff is 0
       100   690.1         -414100        nan            200
Loop time of 0.5 on 1 procs for 100 steps with 4000 atoms
run             50
   Step          Temp          Volume
       100   690.1         27000
       150   688           27001
Loop time of 0.5 on 1 procs for 50 steps with 4000 atoms
       150   688           27001
Total wall time: 0:00:00
"""


@pytest.fixture(scope="module")
def logs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engine_logs", METHODS / "energy" / "engine_logs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(logs: ModuleType, kind: str, text: str) -> Any:
    return logs.energies_of(SimpleNamespace(type=kind, lines=lambda: iter(text.split("\n"))))


def test_both_methods_read_logs_alike() -> None:
    one, other = ((METHODS / name / "engine_logs.py").read_bytes() for name in ("energy", "energy_terms"))
    assert one == other


def test_all_runs_of_lammps_are_rows_of_one_table(logs: ModuleType) -> None:
    found = read(logs, "LAMMPSLOG", LAMMPS)
    nan = np.nan
    expected = {
        "Step": [0, 100, 100, 150],
        "Temp": [700, 690.1, 690.1, 688],
        "E_pair": [-414720, -414100, nan, nan],
        "Press": [1.5, nan, nan, nan],
        "Time": [0, 200, nan, nan],
        "Volume": [nan, nan, 27000, 27001],
    }
    assert list(found.columns) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found.columns[name], values)
    units = {"Step": "", "Temp": "K", "E_pair": "kcal/mol", "Press": "atm", "Time": "fs", "Volume": "angstrom^3"}
    assert (found.units, found.time, found.n_rows) == (units, "Time", 4)


@pytest.mark.parametrize(("style", "unit"), [("metal", "eV"), ("lj", ""), ("si", "")])
def test_units_of_lammps_are_those_of_its_style(logs: ModuleType, style: str, unit: str) -> None:
    assert read(logs, "LAMMPSLOG", LAMMPS.replace("real", style)).units["E_pair"] == unit


def test_a_step_that_was_announced_and_not_written_is_no_row(logs: ModuleType) -> None:
    text = (METHODS / "energy" / "tests" / "water.log").read_text()
    cut = text[: text.index("   Energies (kJ/mol)", text.index("0.06000"))]
    found = read(logs, "GMXLOG", cut)
    np.testing.assert_array_equal(found.columns["Time"], [0.0, 0.02, 0.04])
    assert found.n_rows == 3


def test_what_amber_had_no_room_for_is_not_a_number(logs: ModuleType) -> None:
    found = read(logs, "MDOUT", (METHODS / "energy" / "tests" / "two_steps.mdout").read_text())
    np.testing.assert_array_equal(found.columns["PRESS"], [np.nan, -12.5])
    assert (found.n_rows, found.units["PRESS"], found.units["1-4 EEL"]) == (2, "bar", "kcal/mol")
    assert list(found.columns) == [
        "NSTEP", "TIME(PS)", "TEMP(K)", "PRESS", "Etot", "EKtot", "EPtot", "BOND", "ANGLE", "DIHED", "1-4 NB",
        "1-4 EEL", "VDWAALS", "EELEC", "EHBOND", "RESTRAINT", "EKCMT", "VIRIAL", "VOLUME", "Density",
    ]  # fmt: skip


def test_terms_of_amber_have_their_names_and_units(logs: ModuleType) -> None:
    text = (
        " NSTEP =     1000   TIME(PS) =       2.000  TEMP(K) =   300.06  PRESS =   -12.3\n"
        " 1-4 NB =     12.5  1-4 EEL =    -3.0  RESTRAINT  =         4.5\n"
        " EAMBER (non-restraint)  =    -1234.5\n"
        "                                                    SURFTEN =  7.5\n"
        " ------------------------------------------------------------------------------\n"
    )
    found = read(logs, "MDOUT", text)
    energies = {"1-4 NB": 12.5, "1-4 EEL": -3.0, "RESTRAINT": 4.5, "EAMBER (non-restraint)": -1234.5}
    others = {"NSTEP": 1000.0, "TIME(PS)": 2.0, "TEMP(K)": 300.06, "PRESS": -12.3, "SURFTEN": 7.5}
    assert {name: values.tolist() for name, values in found.columns.items()} == {
        name: [value] for name, value in (energies | others).items()
    }
    assert {name for name, unit in found.units.items() if unit == "kcal/mol"} == set(energies)
    assert found.units["SURFTEN"] == "dyn/cm"


@pytest.mark.parametrize("kind", ["GMXLOG", "MDOUT", "LAMMPSLOG"])
@pytest.mark.parametrize(
    "text", ["", "nothing of the kind\n = 3\n", "Step\n1\n", " NSTEP = x TIME(PS)\n", "   Energies (kJ\n1"]
)
def test_a_log_without_energies_has_no_rows(logs: ModuleType, kind: str, text: str) -> None:
    assert all(np.isnan(values).all() for name, values in read(logs, kind, text).columns.items() if name != "Step")
