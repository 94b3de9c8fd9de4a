"""What people write into fomrepo.toml, and what is read from the descriptions of others."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.client.mdrepo import read_mdrepo
from fomrepo.errors import ArgumentError
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.model.pairing import Candidate, pair_files

ADA = "Ada Lovelace (0000-0002-1825-0097)"

PLAN = DepositPlan(
    (PlannedFile("adk.psf"), PlannedFile("adk.dcd", "adk.psf")),
    title='AdK, "closed" to open \\ 1',
    creators=(Creator.parse(ADA), Creator("Bob")),
    licence="CC-BY-4.0",
    category=("transition path", "equilibrium"),
    visibility="public",
    embargo_until=datetime.date(2027, 1, 31),
    metadata={"temperature": "300 K", "of my own": ["x", "y"]},
)


@pytest.mark.parametrize("plan", [PLAN, DepositPlan((PlannedFile("a.csv"),)), replace(PLAN, metadata={})])
def test_what_is_written_is_read_again(plan: DepositPlan) -> None:
    assert DepositPlan.parse(plan.to_text()) == plan


def test_what_is_missing_is_named_and_what_is_said_is_claimed() -> None:
    assert DepositPlan.parse('licence = "CC0-1.0"').missing() == ("title", "creators", "category")
    assert PLAN.missing() == ()
    assert PLAN.claims() == {
        "creators": [ADA, "Bob"],
        "licence": "CC-BY-4.0",
        "category": ["transition path", "equilibrium"],
        "temperature": "300 K",
        "of my own": ["x", "y"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not valid TOML"),
        ("title = 3", "title in fomrepo.toml is a text"),
        ('title = "a\\nb"', "one line"),
        ('licence = "as you like"', "SPDX"),
        ('visibility = "friends"', "private, public"),
        ("embargo_until = 2027-01-31", 'visibility = "public"'),
        ('embargo_until = "2027-01-31"', "without quotes"),
        ('new_version_of = "FOM-402917"\nname = "x"', "without project and name"),
        ('name = "Not A Slug"', "cannot name a record"),
        ('temperature = "300 K"', "[metadata]"),
        ('license = "MIT"', "did you mean licence?"),
        (
            '[[files]]\nname = "a.dcd"\ntopologie = "a.psf"',
            "files.topologie in fomrepo.toml means nothing; did you mean topology?",
        ),
        ('[[creators]]\nname = "Ada"\nmail = "a@b"', "creators.mail in fomrepo.toml means nothing; it has name, orcid"),
        ('[metadata]\ntemperature = "300 fs"', "temperature"),
        ('[[creators]]\nname = "Ada"\norcid = "0000-0002-1825-0098"', "no ORCID"),
        ('[creators]\nname = "Ada"', "[[creators]]"),
        ('[[files]]\nname = "../a.psf"', "a.psf"),
        ('[[files]]\nname = "A.psf"\n[[files]]\nname = "a.psf"', "twice"),
        ('[[files]]\nname = "a.dcd"\ntopology = "b.psf"', "no topology"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        DepositPlan.parse(text)
    assert said in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("text", [ADA, "Ada Lovelace, 0000-0002-1825-0097", "Ada Lovelace <0000-0002-1825-0097>"])
def test_people_write_their_orcid_in_many_ways(text: str) -> None:
    assert Creator.parse(text) == Creator("Ada Lovelace", "0000-0002-1825-0097")


PSF, GRO, TPR = (
    Candidate("adk.psf", ("topology",), 3341),
    Candidate("adk.gro", ("structure", "topology"), 3341),
    Candidate("other.tpr", ("topology", "structure"), 47681),
)


def trajectory(name: str, n_atoms: int | None) -> Candidate:
    return Candidate(name, ("trajectory",), n_atoms)


def test_trajectories_are_paired_by_their_atoms() -> None:
    first, second, third = trajectory("a.dcd", 3341), trajectory("b.xtc", 47681), trajectory("c.xtc", 5)
    found = pair_files([first, second, third, GRO, PSF, TPR, Candidate("e.edr", ("energy",))], {})
    assert found.pairs == {"a.dcd": "adk.psf", "b.xtc": "other.tpr"}  # bonds go before coordinates
    assert (found.open, found.alone) == ({}, ("c.xtc",))


def test_between_equals_nothing_is_guessed() -> None:
    twin = replace(PSF, name="twin.psf")
    run = trajectory("run.dcd", 3341)
    assert pair_files([run, PSF, twin], {}).open == {"run.dcd": ("adk.psf", "twin.psf")}
    assert pair_files([run, PSF, twin], {"run.dcd": "twin.psf"}).pairs == {"run.dcd": "twin.psf"}
    assert pair_files([replace(run, name="twin.dcd"), PSF, twin], {}).pairs == {"twin.dcd": "twin.psf"}


def test_where_nobody_has_looked_one_topology_is_that_of_all() -> None:
    assert pair_files([trajectory("a.dcd", None), PSF], {}).pairs == {"a.dcd": "adk.psf"}
    assert pair_files([trajectory("a.dcd", None), PSF, GRO], {}).pairs == {"a.dcd": "adk.psf"}
    assert pair_files([trajectory("a.dcd", None), PSF, TPR], {}).open == {"a.dcd": ("adk.psf", "other.tpr")}
    assert pair_files([Candidate("a.lammpstrj", ("trajectory", "topology"), 3)], {}).alone == ()


FLAT = """
lead_contributor_orcid = "0000-0002-1825-0097"
trajectory_file_names = ["run1.xtc", "run2.xtc"]
structure_file_name = "start.pdb"
topology_file_name = "adk.psf"
temperature_kelvin = 310
integration_timestep_fs = 2
short_description = "AdK in water"
software_name = "GROMACS"
software_version = "2024.4"
forcefield = "CHARMM36m"
alias = "adk-1"
dois = ["10.1000/1"]
[water]
model = "TIP3P"
density_kg_m3 = 986.0
[[contributors]]
name = "Bob"
[[contributors]]
name = "Ada Lovelace"
orcid = "0000-0002-1825-0097"
[[solutes]]
name = "Na+"
concentration_mol_liter = 0.15
"""

NESTED = """
[initial]
short_description = "AdK in water"
lead_contributor_orcid = "0000-0002-1825-0097"
[software]
name = "GROMACS"
version = "2024.4"
[required_files]
trajectory_file_name = "run1.xtc"
structure_file_name = "start.pdb"
topology_file_name = "adk.psf"
[temperature]
temperature = 310
[[papers]]
title = "T"
doi = "https://doi.org/10.1000/1"
"""


def read(folder: Path, text: str) -> DepositPlan:
    path = folder / "mdrepo-metadata.toml"
    path.write_text(text)
    return read_mdrepo(path)


def test_a_deposit_for_mdrepo_is_understood(tmp_path: Path) -> None:
    plan = read(tmp_path, FLAT)
    assert [one.name for one in plan.files] == ["adk.psf", "start.pdb", "run1.xtc", "run2.xtc"]
    assert (plan.title, [str(one) for one in plan.creators]) == ("AdK in water", [ADA, "Bob"])
    assert plan.metadata == {
        "temperature": "310 K",
        "time_step": "2 fs",
        "software": "GROMACS",
        "software_version": "2024.4",
        "force_field": "CHARMM36m",
        "mdrepo_alias": "adk-1",
        "mdrepo_solutes": ["name: Na+; concentration_mol_liter: 0.15"],
        "water_model": "TIP3P",
        "mdrepo_water_density_kg_m3": 986.0,
        "publication_doi": ["10.1000/1"],
    }
    plan.check()
    assert plan.missing() == ("licence", "category")


def test_its_older_form_is_understood_too(tmp_path: Path) -> None:
    plan = read(tmp_path, NESTED)
    assert [one.name for one in plan.files] == ["adk.psf", "start.pdb", "run1.xtc"]
    assert plan.title == "AdK in water"
    claims = ("temperature", "software", "software_version", "publication_doi")
    assert [plan.metadata[name] for name in claims] == ["310 K", "GROMACS", "2024.4", ["10.1000/1"]]


def test_a_broken_one_is_named(tmp_path: Path) -> None:
    for text in ("[", '[[contributors]]\norcid = "x"'):
        with pytest.raises(ArgumentError, match="mdrepo-metadata"):
            read(tmp_path, text)
