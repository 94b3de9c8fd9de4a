"""Methods of two files, and those that give coordinates, against MDAnalysis and mdtraj."""

from __future__ import annotations

from typing import Any

import mdtraj
import numpy as np
import pytest
from MDAnalysis.analysis import align, rms

from sandbox.request import FrameRange
from tests.guest.oracles import atoms_of, fields, mdtraj_of, module_of, refusal, universe_of

PATHS = ("adk_dims", "adk_dims2")
MDANALYSIS_ANGSTROM = 1e-6


@pytest.mark.parametrize("mass_weighted", [False, True])
def test_rmsd_between_equals_mdanalysis(mass_weighted: bool) -> None:
    arguments = {"select": "name CA CB", "mass_weighted": mass_weighted, "other_frame": 7}
    found = fields("rmsd_between", PATHS, arguments, FrameRange(step=9))
    one, other = (universe_of(data).select_atoms("name CA CB") for data in PATHS)
    other.universe.trajectory[7]
    weights, reference = (one.masses if mass_weighted else None), other.positions.copy()
    expected = [
        rms.rmsd(one.positions, reference, weights=weights, center=True, superposition=True)
        for _ in one.universe.trajectory[::9]
    ]
    np.testing.assert_allclose(found["rmsd"], expected, atol=MDANALYSIS_ANGSTROM)
    assert "matrix" not in found


def test_rmsd_between_without_superposition_compares_coordinates_as_they_stand() -> None:
    found = fields("rmsd_between", PATHS, {"superpose": False, "other_frame": -1}, FrameRange(stop=3))
    one, other = (universe_of(data).select_atoms("name CA") for data in PATHS)
    other.universe.trajectory[-1]
    expected = [rms.rmsd(one.positions, other.positions) for _ in one.universe.trajectory[:3]]
    np.testing.assert_allclose(found["rmsd"], expected, atol=MDANALYSIS_ANGSTROM)


def test_a_matrix_of_a_file_with_itself_is_that_of_pairwise_rmsd() -> None:
    found = fields("rmsd_between", ("adk_dims", "adk_dims"), {"all_frames": True}, FrameRange(step=20))
    expected = fields("pairwise_rmsd", "adk_dims", {"select": "name CA"}, FrameRange(step=20))["rmsd"]
    np.testing.assert_allclose(found["matrix"][:, ::20], expected, atol=1e-5)  # a deviation near zero, from float32


def test_superposed_coordinates_are_those_of_mdanalysis() -> None:
    arguments = {"fit": "name CA", "select": "name CB", "other_frame": 3}
    found = fields("superpose_onto", PATHS, arguments, FrameRange(step=30))
    mobile, reference = map(universe_of, PATHS)
    reference.trajectory[3]
    for row, _ in enumerate(mobile.trajectory[::30]):
        left = align.alignto(mobile, reference, select="name CA")[1]
        np.testing.assert_allclose(found["positions"][row], mobile.select_atoms("name CB").positions, atol=1e-4)
        assert found["rmsd"][row] == pytest.approx(left, abs=MDANALYSIS_ANGSTROM)
    np.testing.assert_allclose(np.linalg.det(found["rotations"]), 1.0)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rmsd_between", {"other_frame": 102}, "other_frame=102 is beyond the 102 frames of the other file"),
        ("superpose_onto", {"other_frame": -103}, "other_frame=-103 is beyond the 102 frames of the other file"),
        ("superpose_onto", {"other_fit": "name C N"}, "give other_fit, so that both are the same atoms"),
        ("rmsd_between", {"other_select": "name N CA"}, "give other_select, so that both are the same atoms"),
    ],
)
def test_files_that_cannot_be_compared_are_refused(name: str, arguments: dict[str, Any], message: str) -> None:
    assert message in refusal(name, PATHS, arguments)


def test_too_many_coordinates_of_the_other_file_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of("rmsd_between")
    monkeypatch.setattr(module, "COORDINATES_LIMIT", 10_000)
    other = universe_of("adk_dims2")
    with pytest.raises(module.ArgumentError, match=r"102 frames of 214 atoms are too many; select fewer atoms"):
        module._positions(other, other.select_atoms("name CA"), range(102), None)


def test_coordinates_are_those_of_mdtraj_with_their_cells() -> None:
    found = fields("coordinates", "adk_oplsaa", {"select": "name CA"}, FrameRange(start=8))
    expected = mdtraj_of("adk_oplsaa")[8:]
    np.testing.assert_allclose(found["positions"], 10 * expected.xyz[:, atoms_of("adk_oplsaa", "name CA")], atol=2e-5)
    lengths, angles = expected.unitcell_lengths, expected.unitcell_angles
    np.testing.assert_allclose(found["cells"], np.column_stack([10 * lengths, angles]), atol=1e-3)
    assert found["positions"].dtype == np.float32


def test_whole_coordinates_hold_together() -> None:
    found = fields("coordinates", "adk_oplsaa_bonds", {"select": "protein", "whole": True}, FrameRange(stop=1))
    trajectory = mdtraj.Trajectory(found["positions"] / 10, mdtraj_of("adk_oplsaa").atom_slice(range(3341)).topology)
    assert 10 * mdtraj.compute_rg(trajectory)[0] < 20.0  # 24.4 angstrom as it is stored


def test_more_coordinates_than_a_result_may_have_are_refused_before_reading() -> None:
    module, universe = module_of("coordinates"), universe_of("adk_dims")

    class Many:  # a run of frames that nobody may read
        def __len__(self) -> int:
            return 20_000

    with pytest.raises(module.ArgumentError, match=r"20000 frames of 3341 atoms are 764 MiB, 500 are allowed"):
        module.coordinates(universe, Many(), select="all", whole=False)
