"""Methods on bilayers and profiles over the cell, against plain loops and closed forms."""

from __future__ import annotations

from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from MDAnalysis.lib.mdamath import triclinic_vectors
from MDAnalysisTests import datafiles

from sandbox.request import FrameRange
from tests.guest.oracles import fields, refusal, universe_of
from tests.guest.runs import Sample, call

MEMBRANE = Sample(str(datafiles.GRO_MEMPROT), str(datafiles.XTC_MEMPROT), ("GRO", "XTC"))


@pytest.fixture(scope="module")
def bilayer() -> MDAnalysis.Universe:
    """Proteins in POPE and POPG, five frames, with a wide gap between the leaflets."""
    return MDAnalysis.Universe(MEMBRANE.topology, MEMBRANE.trajectory)


def moved(folder: Path, shift: float) -> Sample:
    """Move a bilayer along its normal, over the border of the cell."""
    universe = universe_of("martini_bilayer")
    universe.atoms.positions += [0.0, 0.0, shift]
    universe.atoms.wrap()
    file = folder / "moved.gro"
    universe.atoms.write(str(file))
    return Sample(str(file), str(file), ("GRO", "GRO"))


def test_thickness_is_the_distance_of_the_heads(bilayer: MDAnalysis.Universe) -> None:
    found = call("thickness", MEMBRANE)
    heads = bilayer.select_atoms("name P")
    expected = []
    for _ in bilayer.trajectory:
        z = heads.positions[:, 2].astype(np.float64)
        expected.append(z[z > z.mean()].mean() - z[z < z.mean()].mean())
    np.testing.assert_allclose(found["thickness"], expected, atol=1e-5)
    np.testing.assert_allclose(found["upper"] - found["lower"], found["thickness"])


def test_area_is_the_face_of_the_cell_over_the_lipids(bilayer: MDAnalysis.Universe) -> None:
    found = call("area_per_lipid", MEMBRANE)
    faces = []
    for frame in bilayer.trajectory:
        vectors = triclinic_vectors(frame.dimensions).astype(np.float64)
        faces.append(np.linalg.norm(np.cross(vectors[0], vectors[1])))
    np.testing.assert_allclose(found["area"], np.array(faces) / 138, rtol=1e-6)
    np.testing.assert_allclose(found["area_upper"], np.array(faces) / 141, rtol=1e-6)
    assert found["n_lower"].tolist() == [135] * 5


@pytest.mark.parametrize("shift", [0.0, 40.0, 55.0, 80.0])
def test_a_bilayer_that_the_cell_cuts_is_the_same(tmp_path: Path, shift: float) -> None:
    there = moved(tmp_path, shift)
    assert call("thickness", there)["thickness"][0] == pytest.approx(40.4685, abs=0.01)
    counts = call("area_per_lipid", there, {"heads": "name PO4"})
    assert (counts["n_upper"][0], counts["n_lower"][0]) == (180, 180)


def test_a_bilayer_on_its_side_has_another_normal(tmp_path: Path) -> None:
    universe = universe_of("martini_bilayer")
    universe.atoms.positions = universe.atoms.positions[:, [2, 0, 1]]
    universe.dimensions = universe.dimensions[[2, 0, 1, 3, 4, 5]]
    file = tmp_path / "turned.gro"
    universe.atoms.write(str(file))
    turned = Sample(str(file), str(file), ("GRO", "GRO"))
    assert call("thickness", turned, {"normal": "x"})["thickness"][0] == pytest.approx(40.4685, abs=0.01)
    assert call("area_per_lipid", turned, {"normal": "x", "heads": "name PO4"})["area"] == pytest.approx(
        72.2332, abs=1e-3
    )


@pytest.mark.parametrize("name", ["area_per_lipid", "thickness"])
@pytest.mark.parametrize(
    ("data", "heads", "message"),
    [
        ("martini_bilayer", "name PO4 NC3", "finds 720 atoms in 360 lipids; select one of each"),
        ("martini_bilayer", "name PO4 and prop z > 60", "all lipids of heads="),
        ("adk_dims", "name CA", "these frames have none"),
    ],
)
def test_what_is_no_bilayer_is_refused(name: str, data: str, heads: str, message: str) -> None:
    assert message in refusal(name, data, {"heads": heads})


def test_order_of_tails_equals_a_plain_loop(bilayer: MDAnalysis.Universe) -> None:
    found = call("lipid_order", MEMBRANE, {"select": "resname POPE and name C2? C2??"})
    assert found["carbons"] == [f"C2{number}" for number in range(2, 19)]
    for name, hydrogens in (("C23", ["H3R", "H3S"]), ("C29", ["H91"]), ("C218", ["H18R", "H18S", "H18T"])):
        carbons = bilayer.select_atoms(f"resname POPE and name {name}")
        cosines = []
        for frame in bilayer.trajectory:
            for hydrogen in hydrogens:
                bonds = bilayer.select_atoms(f"resname POPE and name {hydrogen}").positions - carbons.positions
                bonds = MDAnalysis.lib.distances.minimize_vectors(bonds, frame.dimensions)
                cosines.append(bonds[:, 2] ** 2 / (bonds**2).sum(axis=1))
        place = found["carbons"].index(name)
        assert found["order"][place] == pytest.approx(1.5 * np.mean(cosines) - 0.5, abs=1e-5)
        assert found["n_bonds"][place] == 221 * len(hydrogens)


def test_bonds_of_the_topology_give_the_hydrogens() -> None:
    arguments = {"select": "resname LYS* and name CD CE"}
    by_bonds = fields("lipid_order", "adk_oplsaa_bonds", arguments, FrameRange(stop=2))
    by_distance = fields("lipid_order", "adk_oplsaa", arguments, FrameRange(stop=2))
    assert by_bonds["carbons"] == by_distance["carbons"] == ["CD", "CE"]
    np.testing.assert_array_equal(by_bonds["n_bonds"], by_distance["n_bonds"])
    np.testing.assert_allclose(by_bonds["order"], by_distance["order"], rtol=1e-12)


def plain_profile(universe: MDAnalysis.Universe, axis: int, weights: np.ndarray, n_bins: int) -> np.ndarray:
    profile = np.zeros(n_bins)
    for frame in universe.trajectory:
        vectors = triclinic_vectors(frame.dimensions).astype(np.float64)
        fractions = (universe.atoms.positions @ np.linalg.inv(vectors))[:, axis] % 1.0
        profile += np.histogram(fractions, n_bins, (0, 1), weights=weights)[0] / np.linalg.det(vectors) * n_bins
    return profile / len(universe.trajectory)


@pytest.mark.parametrize(("axis", "place"), [("x", 0), ("y", 1), ("z", 2)])
def test_profile_equals_a_plain_loop_in_a_triclinic_cell(axis: str, place: int) -> None:
    found = fields("density_profile", "adk_oplsaa", {"axis": axis, "n_bins": 20})
    universe = universe_of("adk_oplsaa")
    expected = plain_profile(universe, place, universe.atoms.masses, 20)
    np.testing.assert_allclose(found["mass_density"], expected, rtol=1e-3)  # atoms on borders of slabs, in float32
    assert "charge_density" not in found


def test_centre_of_a_profile_is_at_zero() -> None:
    found = fields("density_profile", "adk_oplsaa", {"select": "protein", "center": "protein", "n_bins": 40})
    assert found["position"].sum() == pytest.approx(0.0, abs=1e-9)
    assert abs(np.average(found["position"], weights=found["mass_density"])) < 3.0
    assert found["mass_density"][[0, -1]].max() < 0.2 * found["mass_density"].max()  # it fills the cell, cut in two


def test_distance_matrix_equals_numpy() -> None:
    found = fields("distance_matrix", "adk_oplsaa", {"select": "resid 1:20 and name CA", "periodic": False})
    universe = universe_of("adk_oplsaa")
    atoms = universe.select_atoms("resid 1:20 and name CA")
    x = np.array([atoms.positions.astype(np.float64) for _ in universe.trajectory])
    distances = np.linalg.norm(x[:, :, None] - x[:, None], axis=3)
    np.testing.assert_allclose(found["mean"], distances.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found["deviation"], distances.std(axis=0), atol=1e-5)


def test_what_does_not_vary_has_no_deviation() -> None:
    found = fields("distance_matrix", "adk_dims", {"select": "resid 1:9 and name CA"}, FrameRange(frames=(7, 7, 7, 7)))
    assert not found["deviation"].any()


@pytest.mark.parametrize("select", ["index 3", "all"])
def test_a_matrix_is_neither_of_one_atom_nor_of_all(select: str) -> None:
    assert "a matrix takes 2 to 2000" in refusal("distance_matrix", "adk_dims", {"select": select})
