"""Methods that measure angles, cells and single frames, against mdtraj and closed forms."""

from __future__ import annotations

from typing import Any

import mdtraj
import numpy as np
import pytest
from MDAnalysis.analysis.dihedrals import Ramachandran
from MDAnalysis.lib.distances import calc_angles, calc_dihedrals

from sandbox.request import FrameRange
from tests.guest.oracles import answer, atoms_of, fields, mdtraj_of, module_of, refusal, universe_of

# mdtraj keeps coordinates in float32 and nm: at 100 angstrom 8e-6 angstrom, over arms of a few angstrom 1e-4 degree.
MDTRAJ_DEGREE = 2e-4


def single_atoms(*indices: int) -> dict[str, Any]:
    return {f"select_{letter}": f"index {index}" for letter, index in zip("abcd", indices, strict=False)}


@pytest.mark.parametrize(("data", "periodic"), [("adk_dims", False), ("adk_oplsaa", True)])
def test_angle_equals_mdtraj(data: str, periodic: bool) -> None:
    triple = (3340, 100, 1500) if data == "adk_dims" else (3341, 47673, 100)
    found = fields("angle", data, {**single_atoms(*triple), "periodic": periodic})
    expected = np.degrees(mdtraj.compute_angles(mdtraj_of(data), [triple], periodic=periodic))[:, 0]
    np.testing.assert_allclose(found["angle"], expected, atol=MDTRAJ_DEGREE)


def test_dihedral_over_the_cell_equals_mdtraj() -> None:
    four = (3341, 47673, 100, 20000)  # the last is the massless site of a water
    found = fields("dihedral", "adk_oplsaa", {**single_atoms(*four), "periodic": True})
    expected = np.degrees(mdtraj.compute_dihedrals(mdtraj_of("adk_oplsaa"), [four], periodic=True))[:, 0]
    np.testing.assert_allclose(found["dihedral"], expected, atol=MDTRAJ_DEGREE)


@pytest.mark.parametrize("center", ["mass", "geometry"])
def test_angles_of_centres_equal_mdanalysis(center: str) -> None:
    groups = {"select_a": "resid 1:30", "select_b": "resid 25:60", "select_c": "resid 120:160"}
    last = {"select_d": "resid 200:214"}
    universe = universe_of("adk_dims")
    atoms = [universe.select_atoms(select) for select in (groups | last).values()]
    centres = [[each.center(each.masses if center == "mass" else None) for each in atoms] for _ in universe.trajectory]
    a, b, c, d = np.moveaxis(np.array(centres), 1, 0)
    found = fields("angle", "adk_dims", {**groups, "center": center})["angle"]
    np.testing.assert_allclose(found, np.degrees(calc_angles(a, b, c)), atol=1e-5)  # MDAnalysis takes float32 centres
    found = fields("dihedral", "adk_dims", {**groups, **last, "center": center})["dihedral"]
    np.testing.assert_allclose(found, np.degrees(calc_dihedrals(a, b, c, d)), atol=1e-5)


@pytest.mark.parametrize("degrees", [0.0, 1e-6, 30.0, 90.0, 179.999999, -179.999999, -60.0])
def test_dihedral_has_the_sign_of_iupac_and_all_its_digits(degrees: float) -> None:
    turn = np.radians(degrees)
    # Looking along the axis, here from above down z, the first arm points to x; clockwise is from x to -y.
    steps = np.array([[[-1.0, 0, 0], [0, 0, -1.0], [np.cos(turn), -np.sin(turn), 0]]])
    found = np.degrees(module_of("dihedral").dihedrals(steps))
    np.testing.assert_allclose(found, degrees, rtol=1e-9, atol=1e-12)


def test_centres_need_masses() -> None:
    arguments = {"select_a": "name MW", "select_b": "index 0", "select_c": "index 1"}
    assert "atoms of select_a have no masses here" in refusal("angle", "adk_oplsaa", arguments, FrameRange(stop=1))


def test_box_equals_mdtraj() -> None:
    found, expected = fields("box", "adk_oplsaa"), mdtraj_of("adk_oplsaa")
    np.testing.assert_allclose(found["lengths"], 10 * expected.unitcell_lengths, rtol=2e-7)
    np.testing.assert_allclose(found["angles"], expected.unitcell_angles, rtol=2e-7)
    np.testing.assert_allclose(found["volume"], 1e3 * expected.unitcell_volumes, rtol=1e-6)


def test_a_file_without_a_cell_has_no_box() -> None:
    assert "not all frames have a periodic cell, frame 0 has none" in refusal("box", "adk_dims", {})


@pytest.mark.parametrize("index", [0, 5, -1])
def test_frame_is_the_one_that_its_index_names(index: int) -> None:
    found = fields("frame", "adk_dims", {"index": index, "select": "name CA"})
    expected = mdtraj_of("adk_dims")
    np.testing.assert_allclose(found["positions"], 10 * expected.xyz[index, atoms_of("adk_dims", "name CA")], rtol=2e-7)
    assert found["time"] == pytest.approx(1.0 + index % 98, rel=1e-6)
    assert not {"velocities", "elements", "cell_lengths", "cell_angles"} & set(found)


def test_frame_has_velocities_and_cell_where_the_file_has() -> None:
    found = fields("frame", "adk_oplsaa_trr", {"index": 3, "select": "index 0:9"})
    universe = universe_of("adk_oplsaa_trr")
    universe.trajectory[3]
    np.testing.assert_array_equal(found["velocities"], universe.atoms[:10].velocities)
    np.testing.assert_array_equal(found["cell_lengths"], universe.dimensions[:3])
    np.testing.assert_array_equal(found["cell_angles"], universe.dimensions[3:])
    assert found["atom_names"] == list(universe.atoms[:10].names)


def test_frame_that_is_not_there_is_refused() -> None:
    outcome, _ = answer("frame", "adk_dims", {"index": 98})
    assert "index=98 is beyond the 98 frames" in outcome["message"]


def turned(degrees: np.ndarray) -> np.ndarray:
    """Bring differences of angles between -180 and 180."""
    return (degrees + 180.0) % 360.0 - 180.0


@pytest.mark.parametrize(("data", "tolerance"), [("adk_dims", 5e-4), ("adk_oplsaa", 2e-3)])
def test_ramachandran_equals_mdtraj(data: str, tolerance: float) -> None:
    found, trajectory = fields("ramachandran", data), mdtraj_of(data)
    phi, psi = (np.degrees(of(trajectory)[1]) for of in (mdtraj.compute_phi, mdtraj.compute_psi))
    np.testing.assert_allclose(turned(found["phi"] - phi[:, :-1]), 0, atol=tolerance)
    np.testing.assert_allclose(turned(found["psi"] - psi[:, 1:]), 0, atol=tolerance)


def test_ramachandran_equals_mdanalysis() -> None:
    found = fields("ramachandran", "adk_dims", {"select": "resid 50:60"})
    expected = Ramachandran(universe_of("adk_dims").select_atoms("resid 50:60")).run().results.angles
    np.testing.assert_allclose(turned(np.stack([found["phi"], found["psi"]], axis=2) - expected), 0, atol=1e-5)
    assert found["resids"].tolist() == list(range(50, 61))


def test_nothing_is_measured_across_a_gap() -> None:
    module = module_of("ramachandran")
    universe = universe_of("adk_dims")
    universe.residues[100:].resids += 3
    residues, corners = module._corners(universe, np.arange(214))
    assert set(range(214)) - set(residues.tolist()) == {0, 99, 100, 213}
    assert [str(name) for name in universe.atoms[corners[0]].names] == ["C", "N", "CA", "C", "N"]


def test_end_to_end_equals_mdtraj() -> None:
    found = fields("end_to_end", "adk_dims")
    ends = atoms_of("adk_dims", "protein and name CA")[[0, -1]]
    expected = 10 * mdtraj.compute_distances(mdtraj_of("adk_dims"), [ends], periodic=False)[:, 0]
    np.testing.assert_allclose(found["end_to_end"], expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found["vector"], axis=1), found["end_to_end"], rtol=1e-12)


def test_ends_of_a_chain_that_the_cell_cuts_are_apart_until_it_is_whole() -> None:
    chain = {"select": "resid 30:150 and name CA"}
    assert fields("end_to_end", "adk_oplsaa_bonds", chain)["end_to_end"].max() > 58.0
    assert fields("end_to_end", "adk_oplsaa_bonds", {**chain, "whole": True})["end_to_end"].max() < 40.0


@pytest.mark.parametrize(
    ("data", "select", "message"),
    [("adk_dims", "index 5", "finds one atom"), ("adk_oplsaa_bonds", "name CA NA", "has atoms of 2 segments; add")],
)
def test_a_chain_is_in_one_segment_and_has_two_ends(data: str, select: str, message: str) -> None:
    assert message in refusal("end_to_end", data, {"select": select})
