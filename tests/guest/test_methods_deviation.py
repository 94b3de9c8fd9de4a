"""Methods on all pairs of frames and on their covariance, against MDAnalysis, mdtraj and numpy."""

from __future__ import annotations

import mdtraj
import numpy as np
import pytest
from MDAnalysis.analysis import rms
from MDAnalysis.analysis.diffusionmap import DistanceMatrix
from MDAnalysis.analysis.pca import PCA

from sandbox.request import FrameRange
from tests.guest.oracles import atoms_of, fields, mdtraj_of, refusal, universe_of


def test_pairwise_rmsd_equals_mdtraj() -> None:
    found = fields("pairwise_rmsd", "adk_dims")["rmsd"]
    trajectory, alphas = mdtraj_of("adk_dims"), atoms_of("adk_dims", "name CA")
    expected = [10 * mdtraj.rmsd(trajectory, trajectory, frame, atom_indices=alphas) for frame in range(98)]
    off_diagonal = ~np.eye(98, dtype=bool)  # where float32 leaves 0.01 angstrom
    np.testing.assert_allclose(found[off_diagonal], np.array(expected)[off_diagonal], atol=2e-4)
    np.testing.assert_array_equal(np.diag(found), 0.0)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("mass_weighted", [False, True])
def test_pairwise_rmsd_equals_rmsd_and_mdanalysis(mass_weighted: bool) -> None:
    arguments = {"select": "backbone", "mass_weighted": mass_weighted}
    found = fields("pairwise_rmsd", "adk_dims", arguments, FrameRange(step=9))
    row = fields("rmsd", "adk_dims", {**arguments, "ref_frame": 27}, FrameRange(step=9))
    np.testing.assert_allclose(found["rmsd"][3], row["rmsd"], atol=1e-6)
    np.testing.assert_array_equal(found["frame_indices"], row["frames"])
    np.testing.assert_array_equal(found["frame_times"], row["times"])
    backbone = universe_of("adk_dims").select_atoms("backbone")
    pair = [backbone.positions for _ in backbone.universe.trajectory[[9, 81]]]
    weights = backbone.masses if mass_weighted else None
    assert found["rmsd"][1, 9] == pytest.approx(rms.rmsd(*pair, weights=weights, superposition=True), abs=1e-6)


def test_pairwise_rmsd_without_superposition_equals_mdanalysis() -> None:
    found = fields("pairwise_rmsd", "adk_dims", {"superpose": False})["rmsd"]
    expected = DistanceMatrix(universe_of("adk_dims"), select="name CA").run().results.dist_matrix
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_too_many_frames_for_a_matrix_are_told() -> None:
    message = refusal("pairwise_rmsd", "adk_dims", {}, FrameRange(frames=(0,) * 2_501))
    assert message.startswith("2501 frames of 214 atoms are too many for all pairs")


@pytest.mark.parametrize("select", ["name CA", "resid 5:12 and name CA"])  # more coordinates than frames, and fewer
def test_pca_equals_mdanalysis(select: str) -> None:
    found = fields("pca", "adk_dims", {"select": select})
    universe = universe_of("adk_dims")
    expected = PCA(universe, select=select, align=True).run()
    np.testing.assert_allclose(found["variances"], expected.results.variance[:10], rtol=1e-6, atol=1e-6)
    vectors = expected.results.p_components[:, :3].T.reshape(3, -1, 3)
    overlaps = np.einsum("kax,kax->k", found["components"][:3], vectors)
    np.testing.assert_allclose(np.abs(overlaps), 1.0, atol=1e-6)
    assert found["total_variance"] == pytest.approx(np.trace(expected.cov), rel=1e-6)


@pytest.mark.parametrize("select", ["name CA", "resid 5:12 and name CA"])
def test_principal_components_are_orthonormal_and_their_projections_have_their_variances(select: str) -> None:
    found = fields("pca", "adk_dims", {"select": select})
    flat = found["components"].reshape(10, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(10), atol=1e-10)
    np.testing.assert_allclose(found["projections"].var(axis=0, ddof=1), found["variances"], rtol=1e-9)
    assert (flat.max(axis=1) == np.abs(flat).max(axis=1)).all()


def test_pca_has_no_more_components_than_there_are() -> None:
    found = fields("pca", "adk_dims", {"select": "name CA", "superpose": False}, FrameRange(stop=4))
    assert found["projections"].shape == (4, 3)
    assert found["variances"].sum() == pytest.approx(found["total_variance"])


def test_one_frame_has_no_variance() -> None:
    assert "one frame has no variance" in refusal("pca", "adk_dims", {}, FrameRange(stop=1))
