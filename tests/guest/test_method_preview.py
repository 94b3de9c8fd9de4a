"""The preview: files that other programs read, at most 5 MB, superposed and in one piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import MDAnalysis
import mdtraj
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from sandbox.request import FrameRange
from tests.guest.oracles import fields, mdtraj_of, module_of
from tests.guest.runs import Sample, call

MEMBRANE = Sample(str(datafiles.GRO_MEMPROT), str(datafiles.XTC_MEMPROT), ("GRO", "XTC"))


def written(shown: dict[str, Any], folder: Path) -> tuple[str, str]:
    pdb, dcd = folder / "preview.pdb", folder / "preview.dcd"
    pdb.write_text(shown["pdb"][0])
    dcd.write_bytes(shown["dcd"].tobytes())
    return str(pdb), str(dcd)


def test_mdtraj_reads_what_mdtraj_superposes(tmp_path: Path) -> None:
    shown = fields("preview", "adk_dims", {"select": "name CA"}, FrameRange(step=7))
    expected = mdtraj_of("adk_dims")[::7].atom_slice(shown["atom_indices"])
    expected.superpose(expected, 0)
    pdb, dcd = written(shown, tmp_path)
    found = mdtraj.load(dcd, top=pdb)
    shift = expected.xyz[0].mean(axis=0)
    # Float32 of mdtraj, in nm, at 3 nm from the origin.
    np.testing.assert_allclose(found.xyz, expected.xyz - shift, atol=2e-5)
    assert [str(residue) for residue in found.topology.residues][:3] == ["MET1", "ARG2", "ILE3"]


def test_mdanalysis_reads_names_and_times(tmp_path: Path) -> None:
    shown = fields("preview", "adk_dims", {"max_frames": 25})
    pdb, dcd = written(shown, tmp_path)
    found = MDAnalysis.Universe(pdb, dcd)
    assert (len(found.trajectory), found.trajectory.dt) == (25, pytest.approx(4.0, rel=1e-5))
    np.testing.assert_allclose(shown["frame_times"], np.arange(1, 98, 4), rtol=1e-6)
    assert set(found.residues[[171, 125, 133]].resnames) == {"HIS"}  # HSD in the file
    assert found.select_atoms("protein").n_atoms == 3341


def test_a_cut_protein_is_joined_by_bonds_or_by_its_order(tmp_path: Path) -> None:
    by_bonds, by_order = fields("preview", "adk_oplsaa_bonds"), fields("preview", "adk_oplsaa")
    assert (by_bonds["joined_by"], by_order["joined_by"]) == (["bonds"], ["order of the atoms"])
    (tmp_path / "bonds").mkdir()
    one, other = (
        mdtraj.load(dcd, top=pdb) for pdb, dcd in (written(by_bonds, tmp_path / "bonds"), written(by_order, tmp_path))
    )
    np.testing.assert_allclose(one.xyz, other.xyz, atol=1e-5)
    assert 10 * mdtraj.compute_rg(one).max() < 20.0  # up to 24.4 angstrom as it is stored


def test_molecules_come_beside_the_largest() -> None:
    lattice = np.array([[10.0, 0, 0], [2.0, 9.0, 0], [0, 0, 8.0]])
    wanted = np.array([[1.0, 1, 1], [2, 1, 1], [1, 2, 1], [1.5, 1, 1]])
    positions = wanted.copy()
    positions[3] += 2 * lattice[1] + 2 * lattice[0] - lattice[2]
    moved = module_of("preview").beside_the_largest(positions, np.array([7, 7, 7, 9]), lattice)
    np.testing.assert_allclose(moved, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("n_atoms", "n_frames", "detail"),
    [(3_000, 100, "all atoms"), (20_000, 20, "no hydrogens"), (40_000, 20, "one atom of each residue")],
)
def test_detail_gives_way_before_frames_do(n_atoms: int, n_frames: int, detail: str) -> None:
    universe = MDAnalysis.Universe.empty(
        n_atoms, n_atoms // 10, atom_resindex=np.arange(n_atoms) // 10, trajectory=True
    )
    universe.add_TopologyAttr("names", ["CA", "C", "N", "O", "CB", "HA", "HB1", "HB2", "HN", "H"] * (n_atoms // 10))
    elements = np.array(["C", "C", "N", "O", "C", "H", "H", "H", "H", "H"] * (n_atoms // 10))
    atoms, _, found = module_of("preview")._reduced(universe.atoms, elements, min(n_frames, 20))
    assert found == detail
    assert len(atoms) == {"all atoms": n_atoms, "no hydrogens": n_atoms // 2}.get(detail, n_atoms // 10)


def test_a_membrane_has_room_without_its_hydrogens(tmp_path: Path) -> None:
    shown = call("preview", MEMBRANE)
    assert shown["detail"] == ["no hydrogens"]
    assert len(shown["pdb"][0]) + len(shown["dcd"]) < 5_000_000
    found = MDAnalysis.Universe(*written(shown, tmp_path))
    assert len(found.trajectory) == 5
    assert not found.select_atoms("element H").n_atoms
    np.testing.assert_allclose(found.select_atoms("protein and name CA").center_of_geometry(), 0, atol=1e-3)


def test_columns_of_the_pdb_are_those_of_the_format() -> None:
    text = fields("preview", "adk_dims", {"select": "resid 1"})["pdb"][0]
    lines = text.splitlines()
    assert [line[:30] for line in lines[:2]] == ["ATOM      1  N   MET A   1    ", "ATOM      2  HT1 MET A   1    "]
    assert lines[-1] == "END"
    assert {len(line) for line in lines[:-1]} == {78}
