"""Secondary structure and surface of proteins, against mdtraj and closed forms."""

from __future__ import annotations

from pathlib import Path

import MDAnalysis
import mdtraj
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from sandbox.request import FrameRange
from tests.guest.oracles import atoms_of, fields, mdtraj_of, module_of, refusal

PROTEINS = sorted(Path(datafiles.PSF).parent.glob("dssp/?????.pdb.gz"))[::4]


def letters(trajectory: mdtraj.Trajectory) -> list[str]:
    assigned = mdtraj.compute_dssp(trajectory, simplified=False)
    return ["".join(row).replace(" ", "-") for row in assigned]


def test_every_letter_of_every_frame_equals_mdtraj() -> None:
    found = fields("dssp", "adk_dims")
    assert found["codes"] == letters(mdtraj_of("adk_dims"))
    simple = mdtraj.compute_dssp(mdtraj_of("adk_dims"), simplified=True)
    np.testing.assert_allclose(found["helix"], (simple == "H").mean(axis=1))
    np.testing.assert_allclose(found["residue_strand"], (simple == "E").mean(axis=0))
    assert found["resids"].tolist() == list(range(1, 215))


@pytest.mark.parametrize("file", PROTEINS, ids=lambda path: path.name[:5])
def test_every_letter_of_a_crystal_structure_equals_mdtraj(file: Path) -> None:
    module = module_of("dssp")
    universe = MDAnalysis.Universe(file)
    residues, backbone = module._backbone(universe.select_atoms("protein"))
    positions = universe.atoms.positions.astype(np.float64)[backbone]
    found = module.assign(positions, residues.resnames != "PRO", np.diff(residues.segindices) == 0)
    assert ["".join(found)] == letters(mdtraj.load(file))


def test_a_protein_that_the_cell_cuts_has_the_structure_of_a_whole_one() -> None:
    found = fields("dssp", "adk_oplsaa", {}, FrameRange(start=8, stop=9))
    joined = fields("frame", "adk_oplsaa_bonds", {"index": 8, "select": "protein", "whole": True})
    whole = mdtraj_of("adk_oplsaa")[8].atom_slice(joined["atom_indices"])
    whole.xyz[0] = joined["positions"] / 10.0
    assert found["codes"] == letters(whole)


def test_a_frame_is_named_by_its_index_alone() -> None:
    assert "leave out start=" in refusal("frame", "adk_dims", {"select": "name CA"}, FrameRange(frames=(3,)))


def test_nothing_is_assigned_to_less_than_five_residues() -> None:
    assert "has 4 residues with N, CA, C and O" in refusal("dssp", "adk_dims", {"select": "resid 1:4"})


def test_surface_equals_mdtraj() -> None:
    found = fields("sasa", "adk_dims", {"select": "resid 1:60"}, FrameRange(step=40))
    part = mdtraj_of("adk_dims").atom_slice(atoms_of("adk_dims", "resid 1:60"))
    # Each frame by itself: of several at once, mdtraj 1.11 gives all but the first of a thread 0.1 % too much.
    expected = [100 * mdtraj.shrake_rupley(part[frame], mode="residue")[0] for frame in (0, 40, 80)]
    np.testing.assert_allclose(found["residue_sasa"], expected, atol=0.3)  # one or two points of 0.13 angstrom**2
    np.testing.assert_allclose(found["sasa"], np.sum(expected, axis=1), atol=0.5)
    np.testing.assert_allclose(found["sasa"], found["residue_sasa"].sum(axis=1))


@pytest.mark.parametrize("distance", [0.5, 2.0, 4.5, 6.0])
def test_two_spheres_hide_the_caps_of_each_other(distance: float) -> None:
    module = module_of("sasa")
    radii = np.array([3.0, 2.6])
    positions = np.array([[0, 0, 0], [distance, 0, 0]], np.float32)
    free = module.free_shares(positions, radii, module.points_on_a_sphere(20_000))
    one, other = radii
    cosines = np.array([distance**2 + one**2 - other**2, distance**2 + other**2 - one**2]) / (2 * distance * radii)
    np.testing.assert_allclose(free, (1.0 + np.clip(cosines, -1.0, 1.0)) / 2.0, atol=5e-4)


def test_an_atom_alone_is_free_and_one_inside_of_another_is_not() -> None:
    module = module_of("sasa")
    points = module.points_on_a_sphere(100)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0)
    positions = np.array([[0, 0, 0], [0.1, 0, 0], [50, 0, 0]], np.float32)
    assert module.free_shares(positions, np.array([3.0, 1.0, 2.0]), points).tolist() == [1.0, 0.0, 1.0]
