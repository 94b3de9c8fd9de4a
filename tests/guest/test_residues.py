"""What topologies are made of: residues, chains, water and ions, on real files and on small ones made for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from deposition.residues import LETTERS_LIMIT, NAMES_LIMIT, WATER_MODELS, composition
from tests.guest.runs import probed

#: Adenylate kinase of Escherichia coli, UniProt P69441.
ADK = (
    "MRIILLGAPGAGKGTQAQFIMEKYGIPQISTGDMLRAAVKSGSELGKQAKDIMDAGKLVTDELVIALVKERIAQEDCRNGFLLDGFPRTIPQADAMKEAGINVDYVLEFD"
    "VPDELIVDRIVGRRVHAPSGRVYHVKFNPPKVEGKDDVTGEELTTRKDDQEETVRKRLVEYHQMTAPLIGYYSKEAEAGNTKYAKVDGTKPVAEVRADLEKILG"
)


def facts_of(path: object) -> dict[str, Any]:
    outcome, _ = probed(Path(str(path)))
    assert outcome["status"] == "ok", outcome
    return outcome["facts"]


@pytest.mark.parametrize("path", [datafiles.PSF, datafiles.GRO, datafiles.PDB, datafiles.TPR], ids=lambda one: one[-3:])
def test_the_sequence_of_a_protein_is_that_of_its_gene(path: str) -> None:
    assert [(one["kind"], one["letters"]) for one in facts_of(path)["sequences"]] == [("protein", ADK)]


@pytest.mark.parametrize(
    "path", [datafiles.PSF, datafiles.PDB_full, datafiles.PRMncdf, datafiles.TPR], ids=lambda one: Path(one).suffix
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_residues_are_those_that_mdanalysis_counts(path: str) -> None:
    names, counts = np.unique(MDAnalysis.Universe(path).residues.resnames.astype(str), return_counts=True)
    assert facts_of(path)["residues"] == dict(zip(names.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("path", "count", "model"),
    [(datafiles.TPR, 11084, "TIP4P"), (datafiles.PSF_TRICLINIC, 125, "TIP3P"), (datafiles.PRMncdf, 870, "TIP3P")],
)
def test_a_water_model_is_guessed_by_its_charges_and_said_to_be(path: str, count: int, model: str) -> None:
    water = facts_of(path)["water"]
    assert (water["count"], water["model"]) == (count, model)
    assert water["told_by"].startswith("a guess by ")


def test_without_charges_a_water_has_sites_and_no_model() -> None:
    facts = facts_of(datafiles.GRO)
    assert facts["water"] == {"count": 11084, "sites": 4}
    assert facts["ions"] == {"NA+": 4}
    assert "total_charge" not in facts


def test_chains_of_a_crystal_structure_are_told_apart() -> None:
    chains = facts_of(datafiles.PDB_full)["sequences"]
    assert [(one["segment"], len(one["letters"])) for one in chains] == [("A", 99), ("B", 99), ("C", 6)]


def test_models_of_water_are_told_apart_by_charges_as_files_round_them() -> None:
    for sites, charge, model in WATER_MODELS:
        charges = np.full(sites, -charge / (sites - 1))
        charges[0] = round(charge, 4)
        made = composition([(1, "SOL", "")] * sites, ["OW"] * sites, charges.astype(np.float32))
        assert made["water"]["model"] == model


def test_a_chain_ends_where_numbers_begin_again_and_where_something_else_stands() -> None:
    keys = [
        (1, "ALA", ""),
        (2, "GLY", ""),
        (1, "VAL", ""),
        (2, "LEU", ""),
        (3, "SOL", ""),
        (4, "DA", ""),
        (5, "DT", ""),
    ]
    assert [one["letters"] for one in composition(keys, ["CA"] * 7)["sequences"]] == ["AG", "VL", "AT"]


def test_an_unknown_residue_with_a_backbone_is_part_of_the_chain() -> None:
    keys = [(1, "ALA", "")] * 3 + [(2, "ORT", "")] * 3 + [(3, "CCYS", "")]
    assert composition(keys, ["N", "CA", "C"] * 2 + ["N"])["sequences"][0]["letters"] == "AXC"


def test_one_amino_acid_alone_is_no_chain_and_calcium_no_carbon() -> None:
    made = composition([(1, "GLY", ""), (2, "Ca", ""), (3, "CA", ""), (3, "CA", "")], ["CA"] * 4)
    assert "sequences" not in made
    assert made["ions"] == {"Ca": 1}


def test_what_is_kept_of_a_hostile_topology_is_bounded() -> None:
    names = composition([(n, f"R{n}\x07" * 9, "") for n in range(NAMES_LIMIT + 9)], ["X"] * (NAMES_LIMIT + 9))
    assert len(names["residues"]) <= NAMES_LIMIT
    assert all(len(name) <= 8 and name.isprintable() for name in names["residues"])
    long = composition([(n, "ALA", "") for n in range(LETTERS_LIMIT + 1)], ["CA"] * (LETTERS_LIMIT + 1))
    assert "sequences" not in long
