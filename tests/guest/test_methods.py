"""The built-in methods against plain MDAnalysis and against mdtraj, on real data."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest
from MDAnalysis.analysis import align, rms
from MDAnalysis.lib.distances import calc_bonds

from fomrepo.installed_files import installed_folder
from sandbox.request import FrameRange, Part
from tests.guest.oracles import atoms_of, fields, mdtraj_of, module_of, outcome_bytes, universe_of
from tests.guest.runs import call, method_request, read_outcome

# mdtraj keeps coordinates and the sums of its superposition in float32 and nm: at 50 angstrom that is 4e-6 angstrom in
# a coordinate, and 1e-4 angstrom in a deviation near zero, which is a small difference of large sums.
MDTRAJ_ANGSTROM = 1e-4
MDANALYSIS_ANGSTROM = 1e-6


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa", "adk_oplsaa_trr"])
@pytest.mark.parametrize("mass_weighted", [False, True])
def test_rmsd_equals_mdanalysis(data: str, mass_weighted: bool) -> None:
    found = call("rmsd", data, {"select": "name CA CB", "mass_weighted": mass_weighted, "ref_frame": 3})
    weights = "mass" if mass_weighted else None
    expected = rms.RMSD(universe_of(data), select="name CA CB", ref_frame=3, weights=weights).run().results.rmsd
    np.testing.assert_array_equal(found["frames"], expected[:, 0])
    np.testing.assert_allclose(found["times"], expected[:, 1], atol=1e-9)
    np.testing.assert_allclose(found["rmsd"], expected[:, 2], atol=MDANALYSIS_ANGSTROM)


def test_rmsd_without_superposition_equals_mdanalysis() -> None:
    found = call("rmsd", "adk_dims", {"superpose": False, "select": "protein"})
    universe = universe_of("adk_dims")
    protein = universe.select_atoms("protein")
    reference = protein.positions.copy()
    expected = [rms.rmsd(protein.positions, reference) for _ in universe.trajectory]
    np.testing.assert_allclose(found["rmsd"], expected, atol=MDANALYSIS_ANGSTROM)


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa"])
def test_rmsd_equals_mdtraj(data: str) -> None:
    found = call("rmsd", data, {"select": "name CA"})
    trajectory = mdtraj_of(data)
    expected = 10 * mdtraj.rmsd(trajectory, trajectory, 0, atom_indices=atoms_of(data, "name CA"))
    np.testing.assert_allclose(found["rmsd"], expected, atol=MDTRAJ_ANGSTROM)


def test_rmsd_of_a_rotated_copy_is_zero_and_of_its_mirror_image_is_not() -> None:
    rmsd_module = module_of("rmsd")
    random = np.random.default_rng(7)
    reference = random.normal(size=(20, 3))
    reference -= reference.mean(axis=0)
    rotation = np.linalg.qr(random.normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    weights = np.full(20, 1 / 20)
    frames = np.stack([reference @ rotation, -reference @ rotation])
    moved = frames @ rmsd_module.rotations_onto(reference, frames, weights)
    deviations = np.sqrt(((moved - reference) ** 2).sum(axis=2).mean(axis=1))
    assert deviations[0] == pytest.approx(0.0, abs=1e-14)
    assert deviations[1] > 0.5


def test_rmsf_equals_mdanalysis() -> None:
    found = call("rmsf", "adk_dims", {"select": "name CA"}, FrameRange(step=3))
    atoms = universe_of("adk_dims").select_atoms("name CA")
    expected = rms.RMSF(atoms).run(step=3).results.rmsf
    np.testing.assert_allclose(found["rmsf"], expected, atol=MDANALYSIS_ANGSTROM)
    np.testing.assert_array_equal(found["atom_indices"], atoms.ix)
    np.testing.assert_array_equal(found["resids"], atoms.resids)
    assert (found["atom_names"], found["resnames"]) == (list(atoms.names), list(atoms.resnames))
    assert not found["superposed"]


def test_rmsf_of_superposed_frames_equals_mdtraj() -> None:
    found = call("rmsf", "adk_dims", {"select": "name CA", "superpose": True})
    alphas = mdtraj_of("adk_dims").atom_slice(atoms_of("adk_dims", "name CA"))
    alphas.superpose(alphas, 0)
    np.testing.assert_allclose(found["rmsf"], 10 * mdtraj.rmsf(alphas, None), atol=MDTRAJ_ANGSTROM)
    assert found["superposed"]


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa"])
def test_radius_of_gyration_equals_mdanalysis(data: str) -> None:
    found = call("radius_of_gyration", data)
    universe = universe_of(data)
    protein = universe.select_atoms("protein")
    expected = [protein.radius_of_gyration() for _ in universe.trajectory]
    np.testing.assert_allclose(found["radius_of_gyration"], expected, atol=MDANALYSIS_ANGSTROM)


def test_radius_of_gyration_of_a_whole_protein_equals_mdanalysis() -> None:
    found = fields("radius_of_gyration", "adk_oplsaa_bonds", {"whole": True}, FrameRange(step=5))
    universe = universe_of("adk_oplsaa_bonds")
    protein = universe.select_atoms("protein")
    expected = []
    for _ in universe.trajectory[::5]:
        protein.unwrap(reference=None)
        expected.append(protein.radius_of_gyration())
    np.testing.assert_allclose(found["radius_of_gyration"], expected, atol=2e-5)  # unwrap works in float32
    broken = fields("radius_of_gyration", "adk_oplsaa_bonds", {}, FrameRange(step=5))["radius_of_gyration"]
    assert np.max(broken / found["radius_of_gyration"]) > 1.2


def test_radius_of_gyration_equals_mdtraj() -> None:
    found = call("radius_of_gyration", "adk_dims", {"mass_weighted": False})
    protein = mdtraj_of("adk_dims").atom_slice(atoms_of("adk_dims", "protein"))
    expected = 10 * mdtraj.compute_rg(protein, masses=np.ones(protein.n_atoms))
    np.testing.assert_allclose(found["radius_of_gyration"], expected, atol=MDTRAJ_ANGSTROM)


@pytest.mark.parametrize("center", ["mass", "geometry"])
def test_distance_equals_mdanalysis(center: str) -> None:
    groups = {"select_a": "resid 1:60", "select_b": "resid 50:160"}
    found = call("distance", "adk_dims", {**groups, "center": center})
    universe = universe_of("adk_dims")
    a, b = (universe.select_atoms(select) for select in groups.values())
    weights_a, weights_b = (a.masses, b.masses) if center == "mass" else (None, None)
    expected = [np.linalg.norm(b.center(weights_b) - a.center(weights_a)) for _ in universe.trajectory]
    np.testing.assert_allclose(found["distance"], expected, atol=MDANALYSIS_ANGSTROM)


@pytest.mark.parametrize(("a", "b"), [("index 0", "index 46997"), ("resid 1:20", "resid 100:150")])
def test_nearest_image_equals_mdanalysis(a: str, b: str) -> None:
    found = call("distance", "adk_oplsaa", {"select_a": a, "select_b": b, "periodic": True})
    universe = universe_of("adk_oplsaa")
    groups = universe.select_atoms(a), universe.select_atoms(b)
    expected = [
        calc_bonds(*(group.center_of_mass() for group in groups), box=t.dimensions) for t in universe.trajectory
    ]
    np.testing.assert_allclose(found["distance"], np.ravel(expected), atol=2e-5)  # MDAnalysis takes float32 centres


def test_nearest_image_is_the_shortest_of_many() -> None:
    nearest_images = module_of("distance").nearest_images
    random = np.random.default_rng(3)
    lattice = np.array([[10.0, 0, 0], [-5.0, 8.6, 0], [5.0, 2.8, 8.1]])
    vectors = random.uniform(-40, 40, (300, 3))
    shifts = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3), -1).reshape(-1, 3) @ lattice
    shortest = np.linalg.norm(vectors[:, None] + shifts, axis=2).min(axis=1)
    found = nearest_images(vectors, np.broadcast_to(lattice, (300, 3, 3)))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), shortest, atol=1e-12)


@pytest.mark.parametrize("mass_weighted", [False, True])
def test_average_structure_equals_mdanalysis(mass_weighted: bool) -> None:
    found = call("average_structure", "adk_dims", {"select": "name CA CB", "mass_weighted": mass_weighted})
    weights = "mass" if mass_weighted else None
    universe = universe_of("adk_dims")
    expected = align.AverageStructure(universe, select="name CA CB", weights=weights).run().results.positions
    # AverageStructure rounds each rotated frame to float32: up to 4e-6 angstrom at 50 angstrom.
    np.testing.assert_allclose(found["positions"], expected, atol=5e-6)
    atoms = universe.select_atoms("name CA CB")
    assert found["segids"] == list(atoms.segids)
    assert "elements" not in found


def test_average_structure_equals_mdtraj() -> None:
    found = call("average_structure", "adk_dims", {"select": "name CA"})
    alphas = mdtraj_of("adk_dims").atom_slice(atoms_of("adk_dims", "name CA"))
    alphas.superpose(alphas, 0)
    expected = 10 * alphas.xyz.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(
        found["positions"] - found["positions"].mean(axis=0), expected - expected.mean(axis=0), atol=MDTRAJ_ANGSTROM
    )


def test_average_of_stored_coordinates_is_their_mean() -> None:
    found = call("average_structure", "adk_dims", {"select": "name CA", "superpose": False})
    atoms = universe_of("adk_dims").select_atoms("name CA")
    expected = np.mean([atoms.positions.astype(np.float64) for _ in atoms.universe.trajectory], axis=0)
    np.testing.assert_allclose(found["positions"], expected, atol=1e-12)


@pytest.mark.parametrize("data", ["adk_dims", "adk_oplsaa", "adk_oplsaa_trr", "nmr_models"])
def test_info_equals_mdanalysis(data: str) -> None:
    found = call("info", data)
    universe = universe_of(data)
    assert (found["n_atoms"], found["n_residues"], found["n_segments"], found["n_frames"]) == (
        len(universe.atoms),
        len(universe.residues),
        len(universe.segments),
        len(universe.trajectory),
    )
    if data == "nmr_models":
        assert "time_step" not in found
    else:
        assert found["time_step"] == pytest.approx(universe.trajectory.dt)
    assert found["total_mass"] == pytest.approx(universe.atoms.total_mass())
    assert found["has_velocities"] == universe.trajectory[0].has_velocities
    assert dict(zip(found["residue_names"], found["residue_counts"], strict=True)) == {
        name: np.sum(universe.residues.resnames == name) for name in set(universe.residues.resnames)
    }
    assert ("cell_lengths" in found) == (universe.dimensions is not None)


TWO_DOMAINS = {"select_a": "resid 1:60", "select_b": "resid 120:160"}
SPLIT: list[tuple[str, str | tuple[str, ...], dict[str, Any]]] = [
    ("rmsd", "adk_dims", {"select": "name CA", "ref_frame": -1, "mass_weighted": True}),
    ("rmsf", "adk_dims", {}),
    ("rmsf", "adk_dims", {"superpose": True}),
    ("average_structure", "adk_dims", {"select": "name CA"}),
    ("radius_of_gyration", "adk_dims", {}),
    ("distance", "adk_dims", TWO_DOMAINS),
    ("angle", "adk_dims", {**TWO_DOMAINS, "select_c": "index 0"}),
    ("dihedral", "adk_dims", {**TWO_DOMAINS, "select_c": "index 0", "select_d": "index 900"}),
    ("ramachandran", "adk_dims", {}),
    ("end_to_end", "adk_dims", {}),
    ("box", "adk_oplsaa", {}),
    ("contacts", "adk_dims", {"select_a": "name CA", "cutoff": 8.0}),
    ("native_contacts", "adk_dims", {"select_a": "name CA", "cutoff": 8.0}),
    ("hydrogen_bonds", "adk_dims", {"min_occupancy": 0.2}),
    ("salt_bridges", "adk_dims", {}),
    ("distance_matrix", "adk_dims", {"select": "resid 1:30 and name CA"}),
    ("dssp", "adk_oplsaa", {}),
    ("sasa", "adk_oplsaa", {"select": "resid 1:5", "n_points": 100}),
    ("rdf", "adk_oplsaa", {"select_a": "name NA NA+", "select_b": "name OW", "r_max": 8.0}),
    ("density_profile", "adk_oplsaa_bonds", {"select": "protein", "center": "protein"}),
    ("lipid_order", "adk_oplsaa", {"select": "resname LYS and name CD CE"}),
    ("coordinates", "adk_oplsaa_bonds", {"select": "name CA", "whole": True}),
    ("rmsd_between", ("adk_dims", "adk_dims2"), {"all_frames": True}),
    ("superpose_onto", ("adk_dims", "adk_dims2"), {"select": "name CB", "other_frame": -1}),
]


@pytest.mark.parametrize(("name", "data", "arguments"), SPLIT)
def test_parts_of_a_run_make_the_whole(name: str, data: str | tuple[str, ...], arguments: dict[str, Any]) -> None:
    request = method_request(name, data, arguments)
    whole = fields(name, data, arguments)
    parts = tuple(outcome_bytes(replace(request, part=Part(number, 3)), data) for number in range(3))
    outcome, joined = read_outcome(outcome_bytes(replace(request, parts=parts), data))
    assert outcome == {"status": "ok"}
    assert set(joined) == set(whole)
    for field, expected in whole.items():
        if isinstance(expected, list):
            assert joined[field] == expected
        else:
            np.testing.assert_allclose(joined[field], expected, rtol=1e-9, atol=1e-9, err_msg=field)


def test_all_methods_that_are_cut_are_compared() -> None:
    cut = {bundle.parent.name for bundle in installed_folder("methods").glob("*/method.toml") if _is_cut(bundle)}
    assert cut - {name for name, _, _ in SPLIT} - {"area_per_lipid", "thickness"} == set()  # which only concatenate


def _is_cut(schema: Path) -> bool:
    return tomllib.loads(schema.read_text()).get("split") == "frames"


@pytest.mark.parametrize("frames", [FrameRange(step=-7), FrameRange(frames=(5, 2, 2, -1)), FrameRange(start=-3)])
def test_frames_come_in_the_order_asked_for(frames: FrameRange) -> None:
    whole = call("rmsd", "adk_dims", {"select": "name CA"})
    some = call("rmsd", "adk_dims", {"select": "name CA"}, frames)
    np.testing.assert_array_equal(some["rmsd"], whole["rmsd"][some["frames"]])
    np.testing.assert_array_equal(some["times"], whole["times"][some["frames"]])
