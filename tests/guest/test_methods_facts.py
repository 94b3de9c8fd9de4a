"""Sequence and composition, against mdtraj and against systems made by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from tests.guest.oracles import fields, mdtraj_of, module_of


def residues_of(*names: str, resids: list[int] | None = None, atoms: tuple[str, ...] = ("C1",)) -> MDAnalysis.Universe:
    """Make a system of residues with the same atoms each."""
    universe = MDAnalysis.Universe.empty(
        len(names) * len(atoms), len(names), atom_resindex=np.repeat(np.arange(len(names)), len(atoms))
    )
    universe.add_TopologyAttr("names", list(atoms) * len(names))
    universe.add_TopologyAttr("resnames", list(names))
    universe.add_TopologyAttr("resids", list(range(1, len(names) + 1)) if resids is None else resids)
    universe.add_TopologyAttr("segids", ["A"])
    return universe


def sequence_of(universe: MDAnalysis.Universe) -> dict[str, Any]:
    found: dict[str, Any] = module_of("sequence").sequence(universe)
    return found


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa"])
def test_sequence_equals_mdtraj(data: str) -> None:
    protein = mdtraj_of(data).topology.to_fasta(chain=0)
    assert fields("sequence", data)["sequences"] == [protein[:214]]


@pytest.mark.parametrize(
    ("names", "letters"),
    [
        (["NALA", "CYX", "HIE", "LYSH", "CGLY"], ["ACHKG"]),
        (["DA5", "DT", "DG3"], ["ATG"]),
        (["RA5", "RU", "RC", "G3"], ["AUCG"]),
        (["ALA", "SOL", "NA+", "LIG"], ["A"]),
        (["ALA", "DA", "DC"], ["A", "AC"]),
        (["SOL"], []),
    ],
)
def test_names_of_force_fields_have_their_letters(names: list[str], letters: list[str]) -> None:
    assert sequence_of(residues_of(*names))["sequences"] == letters


def test_a_chain_ends_where_numbers_begin_again() -> None:
    found = sequence_of(residues_of("ALA", "GLY", "SER", "THR", resids=[5, 7, 1, 2]))
    assert (found["sequences"], found["first_resids"], found["lengths"]) == (["AG", "ST"], [5, 1], [2, 2])


def test_an_unknown_amino_acid_is_x() -> None:
    found = sequence_of(residues_of("ALA", "ZZZ", atoms=("N", "CA", "C", "O")))
    assert found["sequences"] == ["AX"]


def test_composition_equals_mdtraj() -> None:
    found, topology = fields("composition", "adk_oplsaa"), mdtraj_of("adk_oplsaa").topology
    residues = Counter(residue.name for residue in topology.residues)
    residues["SOL"] = residues.pop("HOH", 0) + residues.pop("SOL", 0)
    assert dict(zip(found["residue_names"], found["residue_counts"], strict=True)) == residues
    elements = Counter(atom.element.symbol for atom in topology.atoms)
    elements["Dummy"] = elements.pop("VS")
    elements.update({"Na": 4, "N": -4})  # mdtraj takes NA+ for nitrogen
    assert dict(zip(found["elements"], found["element_counts"], strict=True)) == elements
    assert not {"molecule_names", "molecule_counts"} & set(found)


def test_molecules_are_what_hangs_together() -> None:
    found = fields("composition", "adk_oplsaa_bonds")
    molecules = [found[f"molecule_{of}"] for of in ("names", "counts", "residues", "atoms")]
    rows = [("protein of 214 residues", 1, 214, 3341), ("SOL", 11084, 1, 4), ("NA+", 4, 1, 1)]
    assert list(zip(*molecules, strict=True)) == rows
    assert found["kind_masses"].sum() == pytest.approx(fields("info", "adk_oplsaa_bonds")["total_mass"])


def test_a_few_bonds_of_a_pdb_make_no_molecules() -> None:
    found = fields("composition", "nmr_models")
    assert "molecule_names" not in found
    assert not found["elements_guessed"]
    text = Path(datafiles.PDB_multiframe).read_text().split("ENDMDL")[0]
    expected = Counter(line[76:78].strip() for line in text.splitlines() if line.startswith(("ATOM", "HETATM")))
    assert dict(zip(found["elements"], found["element_counts"], strict=True)) == expected


def test_kinds_of_a_membrane() -> None:
    universe = residues_of("POPC", "POPC", "CHL1", "TIP3", "SOD", "ALA", "DA", "ATP")
    found = module_of("composition").composition(universe)
    assert found["kinds"] == ["protein", "nucleic acid", "lipid", "water", "ion", "other"]
    assert found["kind_residues"] == [1, 1, 3, 1, 1, 1]
    assert found["elements"] == ["C"]
