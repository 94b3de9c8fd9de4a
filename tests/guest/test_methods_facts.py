"""Sequence and composition, against mdtraj and against systems made by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from fomrepo.installed_files import installed_folder
from tests.guest.oracles import fields, mdtraj_of, module_of
from tests.guest.runs import Sample, call, method_request, outcome_of, read_outcome


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


NAMELESS = Sample(str(datafiles.LAMMPSdata2), str(datafiles.LAMMPSdcd2), ("DATA", "LAMMPS"))


@pytest.mark.parametrize(
    ("name", "arguments", "absent"),
    [
        ("frame", {}, {"atom_names", "resnames"}),
        ("rmsf", {"select": "index 0:9"}, {"atom_names", "resnames"}),
        ("average_structure", {"select": "index 0:9"}, {"atom_names", "resnames"}),
        ("distance_matrix", {"select": "index 0:9"}, {"atom_names", "resnames"}),
        ("contacts", {"select_a": "index 0:99"}, {"resnames_a", "resnames_b"}),
        ("sasa", {"select": "index 0:99"}, {"resnames"}),
        ("preview", {"select": "index 0:99"}, set()),
        ("sequence", {}, set()),
    ],
)
def test_a_topology_without_names_leaves_them_out(name: str, arguments: dict[str, Any], absent: set[str]) -> None:
    assert not absent & set(call(name, NAMELESS, arguments))


def test_elements_without_names_are_those_of_the_masses() -> None:
    found = call("composition", NAMELESS)
    masses = Counter(np.round(MDAnalysis.Universe(NAMELESS.topology, topology_format="DATA").atoms.masses).tolist())
    counts = dict(zip(found["elements"], found["element_counts"], strict=True))
    assert (counts["C"], counts["O"], counts["H"]) == (masses[12], masses[16], masses[1])
    assert found["elements_guessed"]


@pytest.mark.parametrize("name", ["ramachandran", "dssp", "salt_bridges", "lipid_order"])
def test_what_is_known_by_names_alone_is_refused_without(name: str) -> None:
    request = method_request(name, NAMELESS, {"select": "all"})
    outcome, _ = read_outcome(outcome_of(request, installed_folder("methods") / name))
    assert outcome["fault"] == "argument"
    assert "this topology has none" in outcome["message"]


def test_an_insertion_code_ends_no_chain() -> None:
    universe = residues_of("ALA", "GLY", "SER", "THR", "VAL", resids=[52, 52, 52, 53, 53])
    universe.add_TopologyAttr("icodes", ["", "A", "B", "", ""])
    assert sequence_of(universe)["sequences"] == ["AGST", "V"]
