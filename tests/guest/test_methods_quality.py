"""The quality checks: what is sound passes, what was damaged on purpose is found, and all give one kind of verdict."""

from __future__ import annotations

import inspect
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sandbox.frames import Frames
from tests.guest.oracles import answer, fields, module_of, refusal, universe_of
from tests.guest.runs import schema_of

CHECKS = ("integrity", "bonds", "box_sanity", "time_monotone", "atoms_match")
VERDICT = (
    "passed",
    "n_findings",
    "problems",
    *(f"finding_{what}" for what in ("frames", "atoms", "values", "limits", "units")),
)
TRICLINIC = np.array([[20.0, 0, 0], [-8.0, 18.0, 0], [7.0, 6.0, 16.0]])
PARAMETERS: dict[str, dict[str, Any]] = {
    "integrity": {"select": None, "sigmas": 10.0, "farthest": 1e5},
    "bonds": {"select": None, "shortest": 0.6, "longest": 1.4},
    "atoms_match": {"hydrogen_reach": 1.4, "reach": 6.0},
    "time_monotone": {"tolerance": 1e-3},
}


def checked(name: str, universe: MDAnalysis.Universe) -> dict[str, Any]:
    """Run a check on all frames of a Universe."""
    frames = Frames(universe, np.arange(len(universe.trajectory)), lambda done, total: None)
    found: dict[str, Any] = getattr(module_of(name), name)(universe, frames, **PARAMETERS[name])
    return found


def changeable(data: str) -> MDAnalysis.Universe:
    """Open a sample with its frames in memory, so that they can be damaged."""
    universe = universe_of(data)
    universe.transfer_to_memory()
    return universe


@pytest.mark.parametrize("name", CHECKS)
def test_all_checks_give_the_same_verdict(name: str) -> None:
    module = module_of(name)
    assert inspect.getsource(module.verdict) == inspect.getsource(module_of("integrity").verdict)
    declared, expected = (schema_of(one)["result"]["fields"] for one in (name, "integrity"))
    assert {one: declared[one] for one in VERDICT} == {one: expected[one] for one in VERDICT}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa", "nmr_models", "martini_bilayer", "random_walk"])
def test_sound_data_passes(name: str, data: str) -> None:
    found = fields(name, data)
    assert found["passed"], found["problems"]
    assert (found["n_findings"], found["problems"], len(found["finding_frames"])) == (0, [], 0)


def test_a_long_list_is_cut_and_counted() -> None:
    finding = ("something", 1, 2, 3.0, 4.0, "angstrom")
    found = module_of("bonds").verdict([finding] * 1500, 20)
    assert (found["n_findings"], len(found["problems"]), len(found["finding_values"])) == (1520, 1000, 1000)


def test_findings_are_ordered_by_frame_and_atom() -> None:
    findings = [(str(place), *place, 0.0, 0.0, "") for place in ((3, 1), (1, 7), (1, 2), (-1, 9))]
    assert module_of("bonds").verdict(findings)["problems"] == ["(-1, 9)", "(1, 2)", "(1, 7)", "(3, 1)"]


def test_a_frame_of_garbage_makes_two_jumps() -> None:
    universe = changeable("adk_dims")
    universe.trajectory.timeseries(order="fac")[50] = np.random.default_rng(1).uniform(-20, 20, (3341, 3))
    found = checked("integrity", universe)
    assert found["problems"] == ["the atoms jump"] * 2
    assert found["finding_frames"].tolist() == [50, 51]


def test_a_trajectory_that_swells_slowly_does_not_jump() -> None:
    universe = changeable("adk_dims")
    positions = universe.trajectory.timeseries(order="fac")
    positions[:] = positions[:1] + np.linspace(0.0, 9.0, 98)[:, None, None] ** 1.3
    assert checked("integrity", universe)["passed"]


def test_water_that_leaves_the_cell_on_one_side_does_not_jump() -> None:
    found = fields("integrity", "adk_oplsaa", {"select": "name OW"})
    assert found["passed"]
    assert found["displacements"].max() < 15.0  # of up to 80 as it is stored


@pytest.mark.parametrize("way", [1.0, 8.0])
def test_an_atom_that_lost_its_place_breaks_its_bonds(way: float) -> None:
    universe = changeable("adk_dims")
    atom = int(universe.select_atoms("name CA")[100].ix)
    partners = sorted(int(one.ix) for one in universe.atoms[atom].bonded_atoms)
    universe.trajectory.timeseries(order="fac")[7, atom] += way
    found = checked("bonds", universe)
    assert set(found["finding_frames"]) == {7}
    named = {
        (int(first), int(text.split()[4]))
        for first, text in zip(found["finding_atoms"], found["problems"], strict=True)
    }
    expected = {(min(atom, one), max(atom, one)) for one in partners}
    assert named <= expected
    assert named == expected or way == 1.0  # at a short way some bonds still hold


def test_coordinates_that_are_no_numbers_break_bonds() -> None:
    universe = changeable("adk_dims")
    universe.trajectory.timeseries(order="fac")[7, 4] = np.nan
    found = checked("bonds", universe)
    assert np.isnan(found["finding_values"]).all()
    assert found["n_findings"] == len(universe.atoms[4].bonded_atoms)


def test_bonds_found_by_distance_are_those_of_the_topology() -> None:
    by_distance, listed = (fields("bonds", data) for data in ("adk_oplsaa", "adk_oplsaa_bonds"))
    protein = universe_of("adk_dims").bonds
    assert by_distance["n_bonds"] == len(protein)
    assert listed["n_bonds"] == len(protein) + 2 * 11084  # and those of water
    np.testing.assert_array_equal(by_distance["longest_ratios"], listed["longest_ratios"])


def test_hydrogens_of_water_and_beads_have_no_expected_length() -> None:
    universe = MDAnalysis.Universe.empty(5, trajectory=True, atom_resindex=[0] * 5)
    universe.add_TopologyAttr("elements", ["O", "H", "H", "", ""])
    universe.add_TopologyAttr("bonds", [(0, 1), (0, 2), (1, 2), (3, 4)])
    universe.atoms.positions = [[0, 0, 0], [0.957, 0, 0], [-0.24, 0.927, 0], [5, 0, 0], [9.7, 0, 0]]
    frames = Frames(universe, np.arange(1), lambda done, total: None)
    found = module_of("bonds").bonds(universe, frames, select=None, shortest=0.6, longest=1.4)
    assert (found["n_bonds"], found["n_unknown"], found["passed"]) == (2, 2, True)


def test_places_of_one_atom_are_not_bonded() -> None:
    universe = MDAnalysis.Universe.empty(3, trajectory=True, atom_resindex=[0] * 3)
    universe.add_TopologyAttr("elements", ["C", "O", "O"])
    universe.add_TopologyAttr("resnames", ["ALA"])
    universe.add_TopologyAttr("altLocs", ["", "A", "B"])
    universe.atoms.positions = [[0, 0, 0], [1.2, 0, 0], [1.2, 0.3, 0]]
    found = checked("bonds", universe)
    assert (found["n_bonds"], found["passed"]) == (2, True)


@pytest.mark.parametrize("name", ["integrity", "bonds", "box_sanity"])
def test_a_selection_that_means_nothing_is_refused(name: str) -> None:
    assert "finds no atom" in refusal(name, "adk_dims", {"select": "resname NONE"})
    assert "is no selection" in refusal(name, "adk_dims", {"select": "resname ("})


def test_a_topology_that_is_shifted_by_an_atom_is_found() -> None:
    universe = changeable("adk_dims")
    universe.trajectory.timeseries(order="fac")[0] = np.roll(universe.atoms.positions, 1, axis=0)
    found = checked("atoms_match", universe)
    hydrogens = set(universe.select_atoms("name H*").ix)
    assert found["n_findings"] > 1000  # of 1,685 hydrogens
    assert np.isin(found["finding_atoms"], list(hydrogens)).mean() > 0.9


def test_a_topology_of_another_system_is_found_without_bonds() -> None:
    universe = changeable("adk_oplsaa")
    order = np.random.default_rng(2).permutation(len(universe.atoms))
    universe.trajectory.timeseries(order="fac")[0] = universe.atoms.positions[order]
    assert checked("atoms_match", universe)["n_findings"] > 40_000


def test_repartitioned_masses_pass_and_others_do_not() -> None:
    universe = MDAnalysis.Universe.empty(5, trajectory=True, atom_resindex=[0] * 5)
    universe.add_TopologyAttr("elements", ["C", "H", "H", "H", "O"])
    universe.add_TopologyAttr("masses", [12.011 - 3 * 2.016, 3.024, 3.024, 3.024, 15.999])
    universe.add_TopologyAttr("bonds", [(0, 1), (0, 2), (0, 3), (0, 4)])
    universe.atoms.positions = [[0, 0, 0], [1.09, 0, 0], [0, 1.09, 0], [0, 0, 1.09], [-1.4, 0, 0]]
    assert checked("atoms_match", universe)["passed"]
    universe.atoms[4].mass = 14.007
    found = checked("atoms_match", universe)
    assert (found["problems"], found["finding_atoms"].tolist()) == (["the mass is not that of O"], [4])
    assert (found["finding_values"].tolist(), found["finding_units"]) == ([14.007], ["dalton"])


def test_distance_from_own_images_is_the_least_of_all_pairs() -> None:
    module = module_of("box_sanity")
    positions = np.random.default_rng(4).normal(scale=2.0, size=(60, 3))
    expected = min(cdist(positions, positions + shift @ TRICLINIC).min() for shift in [*module.SHIFTS, *-module.SHIFTS])
    gap, distance, atom = module.from_own_images(positions, [np.arange(60)], module.SHIFTS @ TRICLINIC, 50.0)
    assert distance == pytest.approx(expected)
    assert gap <= distance
    assert 0 <= atom < 60


def test_a_molecule_that_the_cell_cuts_is_not_near_its_image() -> None:
    module = module_of("box_sanity")
    chain = np.cumsum(np.random.default_rng(6).normal(scale=0.8, size=(40, 3)), axis=0)
    fractions = chain @ np.linalg.inv(TRICLINIC)
    wrapped = (fractions - np.floor(fractions)) @ TRICLINIC
    joined = module.in_one_piece(wrapped, TRICLINIC)
    np.testing.assert_allclose(np.diff(joined, axis=0), np.diff(chain, axis=0), atol=1e-12)


def test_chains_are_molecules_of_their_own() -> None:
    universe = MDAnalysis.Universe.empty(
        6, n_residues=6, n_segments=2, atom_resindex=range(6), residue_segindex=[0] * 4 + [1] * 2
    )
    universe.add_TopologyAttr("resids", [7, 8, 1, 2, 3, 4])
    assert [rows.tolist() for rows in module_of("box_sanity")._molecules(universe.atoms)] == [[0, 1], [2, 3], [4, 5]]


def test_cells_that_jump_are_found() -> None:
    universe = changeable("adk_oplsaa")
    frames = Frames(universe, np.arange(10), lambda done, total: None)
    universe.trajectory.dimensions_array[6, :3] *= 1.1
    found = module_of("box_sanity").box_sanity(universe, frames, select="name CA", volume_jump=0.1, image_distance=10.0)
    assert found["finding_frames"].tolist() == [6, 7]
    np.testing.assert_allclose(found["finding_values"], [1.1**3 - 1, 1 - 1.1**-3], atol=0.01)


def test_formats_without_times_pass_without_a_step() -> None:
    outcome, found = answer("time_monotone", "nmr_models")
    assert (outcome["status"], found["passed"], "median_step" in found) == ("ok", True, False)


def test_a_time_that_is_no_number_is_found() -> None:
    class Known:
        indices, times = np.array([4, 5, 6]), np.array([0.0, np.nan, 2.0])

    found = module_of("time_monotone").time_monotone(universe_of("adk_dims"), Known(), tolerance=0.1)
    assert (found["problems"], found["finding_frames"].tolist()) == (["the time is no number"], [5])
