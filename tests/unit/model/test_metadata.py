"""Global names: what programs write leads to them, claims are read with their units, and both are compared."""

from __future__ import annotations

from typing import Any

import pytest

from fomrepo.errors import ArgumentError
from fomrepo.model.files import FileObject
from fomrepo.model.metadata import (
    INDEXED_LIMIT,
    claim_of,
    entries_of_file,
    global_name,
    index_rows,
    meant_name,
    metadata_of,
    searched_number,
)
from fomrepo.model.metadata_terms import ALIASES, RULES, TERMS
from fomrepo.model.units import is_known

MDP = {
    "integrator": "md", "dt": "0.002", "nsteps": "500000", "tcoupl": "V-rescale", "ref_t": "300 310",
    "tau_t": "0.1 0.1", "pcoupl": "Parrinello-Rahman", "pcoupltype": "isotropic", "ref_p": "1.0", "rcoulomb": "1.2",
    "rvdw": "1.0", "coulombtype": "PME", "constraints": "h-bonds", "constraint_algorithm": "LINCS", "nstlist": "20",
    "ld_seed": "-1",
}  # fmt: skip
MDIN = {
    "imin": "0", "dt": "0.002", "ntt": "3", "gamma_ln": "2.0", "temp0": "300.0", "ntp": "0", "cut": "9.0", "ig": "7",
}  # fmt: skip


def found(program: str, settings: dict[str, str], **facts: Any) -> dict[str, tuple[Any, ...]]:
    """Values by name of a text of settings."""
    entries = entries_of_file("a", {"settings": settings, "program": {"name": program, "version": ""}, **facts})
    return {one.name: one.values for one in entries if not one.name.startswith("simulation_software")}


def test_settings_of_gromacs_lead_to_global_names() -> None:
    assert found("GROMACS", MDP) == {
        "integrator_algorithm": ("Leap-frog",),
        "time_step": (0.002,),
        "number_of_steps": (500000,),
        "thermostat_algorithm": ("Bussi",),
        "target_temperature": (300, 310),
        "temperature_time_constant": (0.1, 0.1),
        "barostat_algorithm": ("Parrinello-Rahman",),
        "pressure_coupling_type": ("isotropic",),
        "target_pressure": (1.0,),
        "electrostatic_cutoff_distance": (12.0,),
        "vdw_cutoff_distance": (10.0,),
        "long_range_interaction_method": ("PME",),
        "constrained_bonds": ("h-bonds",),
        "bond_length_constraints_algorithm": ("LINCS",),
        "random_seed": (-1,),
        "ensemble_type": ("NPT",),
        "GROMACS.nstlist": ("20",),
    }


def test_names_in_a_log_of_gromacs_have_hyphens() -> None:
    assert found("GROMACS", {"ref-t": "300", "tau-t": "2"}) == {
        "target_temperature": (300,),
        "temperature_time_constant": (2,),
    }


def test_settings_of_amber_lead_to_global_names() -> None:
    assert found("AMBER", MDIN) == {
        "time_step": (0.002,),
        "thermostat_algorithm": ("Langevin",),
        "collision_frequency": (2.0,),
        "target_temperature": (300.0,),
        "barostat_algorithm": ("none",),
        "electrostatic_cutoff_distance": (9.0,),
        "vdw_cutoff_distance": (9.0,),
        "random_seed": (7,),
        "ensemble_type": ("NVT",),
        "AMBER.imin": ("0",),
    }


def test_units_of_namd_are_converted() -> None:
    settings = {"timestep": "2.0", "langevin": "on", "langevintemp": "$temp", "langevinpistonperiod": "100"}
    assert found("NAMD", settings) == {
        "time_step": (0.002,),
        "thermostat_algorithm": ("Langevin",),
        "pressure_time_constant": (0.1,),
        "NAMD.langevintemp": ("$temp",),
    }


@pytest.mark.parametrize(("system", "time_step", "pressure"), [("real", 0.002, 1.01325), ("metal", 2.0, 1.0)])
def test_units_of_lammps_are_those_of_its_system(system: str, time_step: float, pressure: float) -> None:
    settings = {"units": system, "timestep": "2.0", "fix npt temp": "300 310 100", "fix npt iso": "0 1 1000"}
    names = found("LAMMPS", settings)
    assert (names["time_step"], names["target_pressure"]) == ((time_step,), (pressure,))
    assert names["target_temperature"] == (310,)
    assert names["ensemble_type"] == ("NPT",)


def test_reduced_units_of_lammps_are_kept_as_they_are() -> None:
    assert found("LAMMPS", {"units": "lj", "timestep": "0.005"}) == {
        "LAMMPS.units": ("lj",),
        "LAMMPS.timestep": ("0.005",),
    }


@pytest.mark.parametrize(
    ("program", "settings"),
    [("GROMACS", {"integrator": "steep", "dt": "0.002"}), ("AMBER", {"imin": "1", "dt": "0.001"})],
)
def test_a_minimisation_says_nothing_of_dynamics(program: str, settings: dict[str, str]) -> None:
    assert found(program, settings) == {f"{program}.{name}": (value,) for name, value in settings.items()}


def test_a_value_that_no_rule_knows_is_kept_as_it_is() -> None:
    settings = {"tcoupl": "of-tomorrow", "dt": "2 fs", "ref_t": "1e999"}
    assert found("GROMACS", settings) == {f"GROMACS.{name}": (value,) for name, value in settings.items()}


def test_a_program_without_rules_keeps_all_of_its_settings() -> None:
    assert found("OpenMM", {"dt": "1"}) == {"OpenMM.dt": ("1",)}


def test_facts_of_files_lead_to_global_names() -> None:
    facts = {
        "families": ["trajectory"],
        "n_atoms": 5,
        "n_frames": 7,
        "dt": {"value": 0.2, "unit": "ns"},
        "box": {"lengths": [1.0, 2.0, 3.0], "angles": [90.0, 90.0, 90.0], "unit": "angstrom"},
        "has": ["positions", "charges", 5],
        "residues": {"ALA": 3, "SOL": 2},
        "water": {"count": 2, "model": "TIP3P"},
        "ions": {"NA": 1},
        "sequences": [{"kind": "protein", "letters": "AAA"}, {"kind": "nucleic acid", "letters": "GC"}, 3],
        "program": {"name": "GROMACS", "version": "2024.4"},
    }
    assert {one.name: one.values for one in entries_of_file("a.xtc", facts)} == {
        "simulation_software_name": ("GROMACS",),
        "simulation_software_version": ("2024.4",),
        "total_atom_count": (5,),
        "frame_count": (7,),
        "frame_step": (200.0,),
        "box_dimensions": (1.0, 2.0, 3.0),
        "box_angles": (90.0, 90.0, 90.0),
        "positions": (True,),
        "fixed_charges": (True,),
        "residue_names": ("ALA", "SOL"),
        "ion_names": ("NA",),
        "water_count": (2,),
        "water_potential_name": ("TIP3P",),
        "protein_sequence": ("AAA",),
        "nucleic_sequence": ("GC",),
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"dt": 3, "box": [], "has": {"a": 1}, "program": "x", "settings": []},
        {"n_atoms": True, "dt": {"value": "x", "unit": "ps"}, "total_time": {"value": 1.0, "unit": "furlong"}},
        {"water": [1], "sequences": {"a": 1}, "ions": "NA", "program": {"name": 3}, "n_residues": float("nan")},
    ],
)
def test_malformed_facts_are_left_out(facts: dict[str, Any]) -> None:
    assert entries_of_file("a", facts) == ()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("temperature", "300 K", ("target_temperature", (300,), "K")),
        ("target_pressure", "1 atm", ("target_pressure", (1.01325,), "bar")),
        ("time-step", "2 fs", ("time_step", (0.002,), "ps")),
        ("equilibration", "10 ns", ("equilibration_time", (10_000.0,), "ps")),
        ("equilibration_time", {"value": 10, "unit": "ns"}, ("equilibration_time", (10_000.0,), "ps")),
        ("force_fields", ["ff19SB", " GAFF2 "], ("force_fields", ("ff19SB", "GAFF2"), "")),
        ("frame_count", 98, ("frame_count", (98,), "")),
        ("bonds", "yes", ("bonds", (True,), "")),
        ("beamline", ["I04", 7], ("beamline", ("I04", 7), "")),
    ],
)
def test_claims_are_read_with_their_units(name: str, value: Any, expected: tuple[Any, ...]) -> None:
    claim = claim_of(name, value)
    assert (claim.name, claim.values, claim.unit) == expected
    assert claim.file == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature", "300", "carries a unit, such as K"),
        ("temperature", "hot", "is no target_temperature"),
        ("temperature", "300 ps", "no conversion exists"),
        ("temperature", "300 furlong", "not a unit"),
        ("temperature", "1e999 K", "no finite number"),
        ("frame_count", "3 ps", "is a plain number"),
        ("frame_count", True, "is no frame_count"),
        ("bonds", "perhaps", "true or false"),
        ("ensemble", "  ", "give a text"),
    ],
)
def test_a_claim_that_its_name_does_not_allow_is_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        claim_of(name, value)


def described(claims: dict[str, Any], *files: tuple[str, dict[str, Any]]) -> list[str]:
    objects = [FileObject("", name, "", "", 0, facts) for name, facts in files]
    return [str(one) for one in metadata_of(objects, claims).disagreements]


def test_a_claim_that_no_file_bears_out_is_a_disagreement() -> None:
    facts = {"settings": MDP, "program": {"name": "GROMACS", "version": ""}}
    assert described({"temperature": "320 K", "engine": "AMBER", "title": "T"}, ("md.mdp", facts)) == [
        "simulation_software_name: the depositor says AMBER; md.mdp says GROMACS",
        "target_temperature: the depositor says 320 K; md.mdp says 300, 310 K",
    ]


@pytest.mark.parametrize(
    "claims",
    [
        {"temperature": "300.1 K"},
        {"temperature": ["300 K", "310 K"]},
        {"pressure": "1 bar", "ensemble": "npt", "thermostat": "BUSSI"},
        {"engine": "gromacs 2024", "engine_version": "2024"},
        {"water_model": "TIP3P"},
    ],
)
def test_claims_that_a_file_bears_out_or_that_none_speaks_of_agree(claims: dict[str, Any]) -> None:
    facts = {"settings": MDP, "program": {"name": "GROMACS", "version": "2024.4"}}
    assert described(claims, ("md.mdp", facts), ("minim.mdp", {"settings": {"ref_t": "5"}, "program": {}})) == []


def test_one_file_of_several_that_bears_a_claim_out_suffices() -> None:
    program = {"name": "GROMACS", "version": ""}
    first, second = ({"settings": {"ref_t": text}, "program": program} for text in ("300", "310"))
    assert described({"temperature": "310 K"}, ("a.mdp", first), ("b.mdp", second)) == []


def test_a_claim_that_cannot_be_read_is_kept_as_it_was_written() -> None:
    metadata = metadata_of([], {"temperature": "hot", "licence": "MIT", "nothing": None, "none": []})
    assert [(one.name, one.values) for one in metadata.claims] == [("licence", ("MIT",)), ("temperature", ("hot",))]


def test_a_search_finds_numbers_and_texts_of_both_sources() -> None:
    facts = {"settings": {"dt": "0.002", "pcoupl": "Parrinello-Rahman"}, "program": {"name": "GROMACS"}}
    metadata = metadata_of([FileObject("", "md.mdp", "MDP", "", 0, facts)], {"temperature": "300 K"})
    assert list(index_rows(metadata)) == [
        ("target_temperature", "claimed", "", 300.0, "300"),
        ("simulation_software_name", "extracted", "md.mdp", None, "gromacs"),
        ("time_step", "extracted", "md.mdp", 0.002, "0002"),
        ("barostat_algorithm", "extracted", "md.mdp", None, "parrinellorahman"),
    ]


def test_what_is_indexed_is_bounded_and_printable() -> None:
    settings = {f"k{n}": "v" for n in range(INDEXED_LIMIT + 5)} | {"a\nb": "v"}
    facts = {"settings": settings, "program": {"name": "X"}}
    rows = list(index_rows(metadata_of([FileObject("", "a", "", "", 0, facts)], {})))
    assert len(rows) == INDEXED_LIMIT
    assert list(index_rows(metadata_of([], {"a\nb": "v", "x" * 300: "v"}))) == []


def test_numbers_that_mean_nothing_are_kept_as_texts() -> None:
    metadata = metadata_of([], {"mine": [10**400, float("inf"), float("nan"), 5]})
    assert metadata.claims[0].values == (str(10**400), "inf", "nan", 5)
    assert [row[3] for row in index_rows(metadata)] == [None, None, None, 5.0]


def test_bounds_of_a_search_are_read_in_any_unit() -> None:
    assert searched_number("time_step", "2 fs") == 0.002
    with pytest.raises(ArgumentError, match="has no numbers"):
        searched_number("ensemble", "2 fs")


def test_names_that_people_write_lead_to_global_ones() -> None:
    assert [global_name(one) for one in ("Temperature", "time-step", "GROMACS.nstlist")] == [
        "target_temperature", "time_step", "GROMACS.nstlist",
    ]  # fmt: skip


def test_the_table_of_rules_names_known_terms_and_units() -> None:
    assert set(ALIASES.values()) <= set(TERMS)
    assert all(is_known(term.unit) for term in TERMS.values())
    for rule in (rule for rules in RULES.values() for rule in rules):
        units = [rule.unit] if isinstance(rule.unit, str) else list(rule.unit.values())
        assert rule.name in TERMS, rule
        assert all(is_known(unit) for unit in units), rule
        assert TERMS[rule.name].kind == "number" or rule.values or rule.always, rule
        assert bool(units[0]) == bool(TERMS[rule.name].unit), rule


def test_a_name_that_looks_like_a_slip_is_told_from_one_of_its_own() -> None:
    slips = {"temperatur": "temperature", "presure": "pressure", "Force-feild": "force_field"}
    own = ("temperature", "Force-Field", "target_temperature", "ionic_strength", "membrane", "timestamp", "ligand")
    assert {name: meant_name(name) for name in slips} == slips
    assert [name for name in own if meant_name(name)] == []
