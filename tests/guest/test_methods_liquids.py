"""Methods on liquids: radial distributions, displacements and profiles, against MDAnalysis and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from MDAnalysis.analysis.msd import EinsteinMSD
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysis.lib.distances import distance_array, minimize_vectors

from sandbox.request import FrameRange
from tests.guest.oracles import fields, module_of, refusal, universe_of

TRICLINIC = np.array([[20.0, 0, 0], [-8.0, 18.0, 0], [7.0, 6.0, 16.0]])
WATERS = "resname SOL and resid 215:614"


@pytest.mark.parametrize(("select_a", "select_b"), [("name NA NA+", "name OW"), ("protein and name CA", WATERS)])
def test_rdf_of_two_groups_equals_mdanalysis(select_a: str, select_b: str) -> None:
    found = fields("rdf", "adk_oplsaa", {"select_a": select_a, "select_b": select_b}, FrameRange(step=3))
    universe = universe_of("adk_oplsaa")
    expected = InterRDF(universe.select_atoms(select_a), universe.select_atoms(select_b)).run(step=3).results
    # Distances on the edge of a bin may fall to either side.
    assert np.abs(found["counts"] - expected.count).sum() <= 4
    np.testing.assert_allclose(found["rdf"], expected.rdf, atol=5e-3)
    np.testing.assert_allclose(found["r"], expected.bins)


def test_rdf_of_a_group_with_itself_has_neither_atoms_nor_pairs_of_one_with_itself() -> None:
    found = fields("rdf", "adk_oplsaa", {"select_a": f"{WATERS} and name OW"}, FrameRange(stop=1))
    oxygens = universe_of("adk_oplsaa").select_atoms(f"{WATERS} and name OW")
    distances = distance_array(oxygens, oxygens, box=oxygens.dimensions)[~np.eye(400, dtype=bool)]
    np.testing.assert_array_equal(found["counts"], np.histogram(distances, found["edges"])[0])
    shells = 4 / 3 * np.pi * np.diff(found["edges"] ** 3)
    np.testing.assert_allclose(found["rdf"], found["counts"] * found["mean_volume"] / (400 * 399) / shells)
    assert found["coordination"][-1] == pytest.approx(found["counts"].sum() / 400)


def test_pairs_in_one_residue_are_left_out_of_the_norm_too() -> None:
    arguments = {"select_a": f"{WATERS} and name OW", "select_b": f"{WATERS} and name HW1 HW2"}
    every, some = (
        fields("rdf", "adk_oplsaa", {**arguments, "exclude_same": same}, FrameRange(stop=1))
        for same in ("none", "residue")
    )
    assert every["n_pairs"] - some["n_pairs"] == 2 * 400
    assert (every["counts"] - some["counts"]).sum() == 2 * 400  # the two hydrogens of each, 0.96 angstrom away
    assert not some["rdf"][:6].any()


def test_an_ideal_gas_has_a_flat_rdf() -> None:
    module = module_of("rdf")
    random = np.random.default_rng(5)
    points = random.uniform(-1, 2, (4000, 3)) @ TRICLINIC
    edges = np.linspace(0.0, 7.0, 8)
    images, _ = module.images_around(points, TRICLINIC, 7.0)
    counts = module.pairs_in_shells(module.images_around(points, TRICLINIC, 0.0)[0], images, edges)
    expected = 4000 * 3999 / np.linalg.det(TRICLINIC) * 4 / 3 * np.pi * np.diff(edges**3)
    np.testing.assert_allclose(counts / expected, 1.0, atol=5 / np.sqrt(expected.min() / 2))


def test_a_sphere_wider_than_the_cell_is_refused_with_the_largest_that_fits() -> None:
    message = refusal("rdf", "adk_oplsaa", {"select_a": "name NA", "r_max": 30.0})
    assert "half of the cell's smallest height, 56.5" in message
    assert "give at most 28.2" in message


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        ("adk_dims", {"select_a": "name CA"}, "these frames have none"),
        ("adk_oplsaa", {"select_a": "index 5"}, "no pair is left to count"),
    ],
)
def test_rdf_needs_a_cell_and_pairs(data: str, arguments: dict[str, Any], message: str) -> None:
    assert message in refusal("rdf", data, arguments)


@pytest.mark.parametrize("axes", ["xyz", "xy", "z"])
def test_msd_equals_mdanalysis(axes: str) -> None:
    found = fields("msd", "random_walk", {"axes": axes})
    expected = EinsteinMSD(universe_of("random_walk"), select="all", msd_type=axes, fft=False).run().results
    np.testing.assert_allclose(found["msd"], expected.timeseries, atol=1e-10)
    assert found["n_origins"].tolist() == list(range(100, 0, -1))


def test_msd_from_the_first_frame_is_another_quantity() -> None:
    found = fields("msd", "random_walk", {"origins": "first"})
    universe = universe_of("random_walk")
    positions = np.array([universe.atoms.positions for _ in universe.trajectory], np.float64)
    expected = ((positions - positions[0]) ** 2).sum(axis=2).mean(axis=1)
    np.testing.assert_allclose(found["msd"], expected, atol=1e-10)
    assert set(found["n_origins"]) == {1}


def test_msd_makes_up_no_times() -> None:
    found = fields("msd", "nmr_models", {"select": "name CA"})  # models of a PDB, which MDAnalysis has at 1 ps each
    assert np.isnan(found["lag_times"]).all()
    assert np.isfinite(found["msd"]).all()


def test_msd_of_uniform_motion_is_the_square_of_its_way() -> None:
    velocities = np.random.default_rng(3).normal(size=(1, 300, 3))
    ways = velocities * np.arange(50.0)[:, None, None]
    expected = (velocities**2).sum() * np.arange(50.0) ** 2
    np.testing.assert_allclose(module_of("msd").windowed_squares(ways), expected, rtol=1e-10, atol=1e-8)


def test_steps_over_the_cell_are_the_shortest_in_any_cell() -> None:
    steps = np.random.default_rng(9).uniform(-60, 60, (500, 3))
    lengths, angles = np.linalg.norm(TRICLINIC, axis=1), []
    for one, other in ((1, 2), (0, 2), (0, 1)):
        cosine = TRICLINIC[one] @ TRICLINIC[other] / lengths[one] / lengths[other]
        angles.append(np.degrees(np.arccos(cosine)))
    expected = minimize_vectors(steps, box=np.float32([*lengths, *angles]))
    np.testing.assert_allclose(module_of("msd").shortest(steps, TRICLINIC), expected, atol=1e-4)


def test_water_diffuses_over_the_cell() -> None:
    water = {"select": "name OW and resid 215:614"}
    over, stored = (fields("msd", "adk_oplsaa", {**water, "unwrap": unwrap})["msd"] for unwrap in (True, False))
    assert over[1] < 250.0 < 1000.0 < stored[1]
    still = fields("msd", "adk_oplsaa", {**water, "remove_drift": True})["msd"]
    assert (still[1:] < over[1:]).all()


def test_coordinates_of_a_cell_that_breathes_make_no_jumps() -> None:
    class Frames:  # two atoms at rest on either side of a cell whose edge goes from 10 to 11
        indices, times = np.arange(4), np.arange(4.0)

        def __len__(self) -> int:
            return 4

        def blocks(self, atoms: object) -> Any:
            edges = np.array([10.0, 10.5, 11.0, 10.2])
            x = np.array([[1.0, 9.5], [1.2, 10.1], [1.1, 0.1], [0.9, 0.3]])  # the second goes over the border
            positions = np.stack([x, 0 * x, 0 * x], axis=2)

            class Block:
                boxes, lattices = True, edges[:, None, None] * np.eye(3)

            Block.positions = positions
            yield Block

    ways = module_of("msd")._ways([0, 1], Frames(), unwrap=True)
    np.testing.assert_allclose(ways[:, 1, 0], [0.0, 0.6, 0.6 + 1.0, 0.6 + 1.0 + 0.2], atol=1e-12)
    np.testing.assert_allclose(ways[:, 0, 0], [0.0, 0.2, 0.1, -0.1], atol=1e-12)


@pytest.mark.parametrize("frames", [FrameRange(stop=1), FrameRange(frames=(0, 1, 3)), FrameRange(step=-1)])
def test_displacements_need_frames_in_order(frames: FrameRange) -> None:
    assert "evenly spaced and in order" in refusal("msd", "random_walk", {}, frames)
