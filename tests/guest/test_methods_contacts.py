"""Methods that count what is near what, against mdtraj, MDAnalysis and GROMACS."""

from __future__ import annotations

import itertools
from typing import Any

import MDAnalysis
import mdtraj
import numpy as np
import pytest
from MDAnalysis.analysis.contacts import Contacts
from MDAnalysis.analysis.hydrogenbonds import HydrogenBondAnalysis
from MDAnalysis.lib.distances import distance_array
from MDAnalysisTests import datafiles

from sandbox.request import FrameRange
from tests.guest.oracles import atoms_of, fields, mdtraj_of, module_of, refusal, universe_of
from tests.guest.runs import Sample, call

WATER = "resname SOL and resid 215:1500"
ACIDIC, BASIC = "resname ASP GLU and name OD* OE*", "resname ARG LYS and name NH* NZ"


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa"])
def test_contacts_of_a_group_with_itself_are_counted_once_without_a_diagonal(data: str) -> None:
    found = fields("contacts", data, {"select_a": "name CA CB", "cutoff": 6.0})["n_contacts"]
    universe = universe_of(data)
    atoms = universe.select_atoms("name CA CB")
    each = [distance_array(atoms, atoms, box=frame.dimensions) <= 6.0 for frame in universe.trajectory]
    assert found.tolist() == [(np.count_nonzero(close) - len(atoms)) // 2 for close in each]


def test_contacts_of_groups_that_share_atoms_are_counted_once() -> None:
    groups = {"select_a": "name CA and resid 1:120", "select_b": "name CA and resid 100:214"}
    found = fields("contacts", "adk_dims", {**groups, "cutoff": 8.0}, FrameRange(step=20))["n_contacts"]
    one, other = (atoms_of("adk_dims", select) for select in groups.values())
    pairs = {(min(a, b), max(a, b)) for a in one for b in other if a != b}
    distances = 10 * mdtraj.compute_distances(mdtraj_of("adk_dims")[::20], sorted(pairs), periodic=False)
    assert found.tolist() == np.count_nonzero(distances <= 8.0, axis=1).tolist()


def test_residues_in_contact_equal_mdtraj() -> None:
    found = fields("contacts", "adk_dims", {"select_a": "not name H*", "separation": 3}, FrameRange(step=40))
    distances, pairs = mdtraj.compute_contacts(mdtraj_of("adk_dims")[::40], scheme="closest-heavy", periodic=False)
    close = 10 * distances <= 4.5
    expected = {(a + 1, b + 1): share for (a, b), share in zip(pairs, close.mean(axis=0), strict=True) if share}
    table = zip(found["resids_a"], found["resids_b"], found["occupancy"], strict=True)
    assert {(a, b): share for a, b, share in table} == pytest.approx(expected)
    assert found["n_residue_contacts"].tolist() == close.sum(axis=1).tolist()


def test_images_count_only_where_they_are_asked_for() -> None:
    arguments = {"select_a": "protein and name CA", "select_b": "name OW", "cutoff": 8.0}
    found = [
        fields("contacts", "adk_oplsaa", {**arguments, "periodic": periodic}, FrameRange(stop=1))["n_contacts"]
        for periodic in (True, False)
    ]
    assert found[0] > found[1] > 0


@pytest.mark.parametrize(
    ("criterion", "method"), [("hard", "hard_cut"), ("soft", "soft_cut"), ("radius", "radius_cut")]
)
def test_native_contacts_of_two_groups_equal_mdanalysis(criterion: str, method: str) -> None:
    arguments = {"select_a": ACIDIC, "select_b": BASIC, "cutoff": 6.0, "separation": 0, "criterion": criterion}
    found = fields("native_contacts", "adk_dims", arguments)
    universe = universe_of("adk_dims")
    groups = tuple(universe.select_atoms(select) for select in (ACIDIC, BASIC))
    expected = Contacts(universe, select=(ACIDIC, BASIC), refgroup=groups, radius=6.0, method=method).run()
    np.testing.assert_allclose(found["fraction"], expected.results.timeseries[:, 1], atol=1e-12)


def test_native_contacts_of_a_protein_equal_the_example_of_mdtraj() -> None:
    found = fields("native_contacts", "adk_dims", {"criterion": "soft"}, FrameRange(step=10))
    trajectory = mdtraj_of("adk_dims")
    residue_of = [atom.residue.index for atom in trajectory.topology.atoms]
    heavy = trajectory.topology.select("mass > 2")
    pairs = np.array([p for p in itertools.combinations(heavy, 2) if abs(residue_of[p[0]] - residue_of[p[1]]) > 3])
    native = pairs[mdtraj.compute_distances(trajectory[0], pairs, periodic=False)[0] < 0.45]
    assert sorted(map(tuple, native)) == sorted(zip(found["native_a"], found["native_b"], strict=True))
    distances = 10.0 * mdtraj.compute_distances(trajectory[::10], native, periodic=False).astype(np.float64)
    expected = np.mean(1.0 / (1.0 + np.exp(5.0 * (distances - 1.8 * distances[0]))), axis=1)
    np.testing.assert_allclose(found["fraction"], expected, atol=1e-5)


def test_the_reference_has_all_its_contacts() -> None:
    for data in ("adk_dims", "adk_oplsaa"):
        found = fields("native_contacts", data, {"ref_frame": 5}, FrameRange(start=5, stop=6))
        assert found["fraction"].tolist() == [1.0]


def hydrogen_bonds_of_mdanalysis(universe: MDAnalysis.Universe) -> HydrogenBondAnalysis:
    heavy = "protein and (name N* or name O*)"
    return HydrogenBondAnalysis(
        universe,
        donors_sel=heavy,
        hydrogens_sel="protein and name H*",
        acceptors_sel=heavy,
        update_selections=False,
    ).run()


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa"])
def test_hydrogen_bonds_equal_mdanalysis(data: str) -> None:
    found = fields("hydrogen_bonds", data)
    expected = hydrogen_bonds_of_mdanalysis(universe_of(data))
    assert found["n_hydrogen_bonds"].tolist() == expected.count_by_time().tolist()
    bonds, times = np.unique(expected.results.hbonds[:, 1:4].astype(int), axis=0, return_counts=True)
    table = np.column_stack([found[name] for name in ("donors", "hydrogens", "acceptors")])
    counts = np.rint(found["occupancy"] * len(found["n_hydrogen_bonds"])).astype(int)
    assert dict(zip(map(tuple, table), counts, strict=True)) == dict(zip(map(tuple, bonds), times, strict=True))
    angles = expected.results.hbonds[:, 5]
    assert np.average(found["mean_angle"], weights=counts) == pytest.approx(angles.mean(), abs=1e-4)


def test_backbone_bonds_of_amber_are_found_whatever_the_charges() -> None:
    peptide = Sample(str(datafiles.PRM), str(datafiles.TRJ), ("PRMTOP", "TRJ"))
    found = call("hydrogen_bonds", peptide, {"distance": 3.5, "angle": 120.0})
    universe = MDAnalysis.Universe(peptide.topology, peptide.trajectory, format="TRJ")
    backbone_hydrogens = universe.atoms[found["hydrogens"]].select_atoms("name H")
    assert len(backbone_hydrogens) > 0
    assert backbone_hydrogens.charges.max() < 0.3


def test_bonds_between_two_groups_go_both_ways() -> None:
    bonds = {}
    for name, arguments in {
        "between": {"select": "protein", "other": WATER},
        "turned": {"select": WATER, "other": "protein"},
        "protein": {"select": "protein"},
        "water": {"select": WATER},
        "both": {"select": f"protein or ({WATER})"},
    }.items():
        bonds[name] = fields("hydrogen_bonds", "adk_oplsaa", arguments, FrameRange(stop=1))["n_hydrogen_bonds"][0]
    assert bonds["between"] == bonds["turned"] > 10
    assert bonds["both"] == bonds["protein"] + bonds["water"] + bonds["between"]


def test_rare_bonds_are_left_out_of_the_table_alone() -> None:
    every, often = (fields("hydrogen_bonds", "adk_dims", {"min_occupancy": least}) for least in (0.0, 0.9))
    assert often["n_hydrogen_bonds"].tolist() == every["n_hydrogen_bonds"].tolist()
    assert len(often["labels"]) == np.count_nonzero(every["occupancy"] >= 0.9) > 0
    assert often["labels"][0] == "ARG71-NH2 HH22 ASP76-OD1"


@pytest.mark.parametrize("kind", ["D-H-A", "H-D-A"])
def test_angles_at_hydrogen_and_donor_are_those_of_the_triangle(kind: str) -> None:
    # Sides 1 and 2 with 120 degrees at the hydrogen; the acceptor lies in the next cell.
    corners = np.array([[[0.0, 0, 0], [1, 0, 0], [2.0, np.sqrt(3.0) - 20.0, 0]]])
    found = module_of("hydrogen_bonds").angles_of(corners, kind, np.diag([20.0, 20, 20]))
    expected = 120.0 if kind == "D-H-A" else np.degrees(np.arctan2(np.sqrt(3.0), 2.0))
    assert found.tolist() == pytest.approx([expected])


def test_salt_bridges_equal_mdtraj() -> None:
    found = fields("salt_bridges", "adk_dims")
    trajectory = mdtraj_of("adk_dims")
    acids = "(resname ASP and name OD1 OD2) or (resname GLU and name OE1 OE2) or name OT1 OT2"
    bases = "(resname LYS and name NZ) or (resname ARG and name NE NH1 NH2) or (resid 1 and name N)"
    oxygens, nitrogens = atoms_of("adk_dims", acids), atoms_of("adk_dims", bases)
    pairs = np.array(list(itertools.product(oxygens, nitrogens)))
    close = 10 * mdtraj.compute_distances(trajectory, pairs, periodic=False) <= 4.0
    residue_of = np.array([atom.residue.resSeq for atom in trajectory.topology.atoms])
    residues, which = np.unique(residue_of[pairs], axis=0, return_inverse=True)
    bridged = np.stack([close[:, which.reshape(-1) == one].any(axis=1) for one in range(len(residues))], axis=1)
    assert found["n_salt_bridges"].tolist() == bridged.sum(axis=1).tolist()
    table = zip(found["acid_resids"], found["base_resids"], found["occupancy"], strict=True)
    shares = zip(residues.tolist(), bridged.mean(axis=0), strict=True)
    assert {(a, b): share for a, b, share in table} == pytest.approx({(a, b): s for (a, b), s in shares if s})


def protonated(residue: str, *names: str) -> Any:
    universe = MDAnalysis.Universe.empty(len(names), 1, atom_resindex=[0] * len(names))
    universe.add_TopologyAttr("names", list(names))
    universe.add_TopologyAttr("resnames", [residue])
    return module_of("salt_bridges").charged_atoms(universe.atoms)


@pytest.mark.parametrize(
    ("residue", "names", "acidic", "basic"),
    [
        ("ASP", ["OD1", "OD2", "HB2"], 2, 0),
        ("ASP", ["OD1", "OD2", "HD2"], 0, 0),
        ("LYS", ["NZ", "HZ1", "HZ2", "HZ3"], 0, 1),
        ("LYS", ["NZ", "1HZ", "2HZ", "3HZ"], 0, 1),
        ("LYS", ["NZ", "HZ1", "HZ2"], 0, 0),
        ("LYS", ["NZ"], 0, 1),
        ("HSD", ["ND1", "NE2", "HD1"], 0, 0),
        ("HIS", ["ND1", "NE2", "HD1", "HE2"], 0, 2),
        ("HIS", ["ND1", "NE2"], 0, 0),
        ("ALA", ["N", "H1", "H2", "H3", "C", "O"], 0, 1),
        ("PRO", ["N", "H1", "H2", "C", "O"], 0, 1),
        ("ALA", ["N", "H", "C", "OT1", "OT2"], 2, 0),
        ("ALA", ["N", "H", "C", "O", "OXT", "HXT"], 0, 0),
    ],
)
def test_protonation_is_read_from_the_hydrogens(residue: str, names: list[str], acidic: int, basic: int) -> None:
    oxygens, nitrogens = protonated(residue, *names)
    assert (len(oxygens), len(nitrogens)) == (acidic, basic)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("native_contacts", {"select_a": "resid 1 2"}, "frame 0 has no contact within 4.5 angstrom"),
        ("hydrogen_bonds", {"select": "name CA N O"}, "no hydrogen on nitrogen or oxygen"),
        ("salt_bridges", {"select": "resid 1:3"}, "no acid or no base"),
    ],
)
def test_groups_in_which_nothing_can_be_found_are_told(name: str, arguments: dict[str, Any], message: str) -> None:
    assert message in refusal(name, "adk_dims", arguments)
