"""Exported files: what mdtraj and MDAnalysis read in them is what was deposited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import MDAnalysis
import mdtraj
import numpy as np
import pytest

from sandbox.request import FrameRange
from tests.guest.oracles import fields, mdtraj_of, module_of, refusal, universe_of


def written(folder: Path, data: str, file_format: str, select: str, frames: FrameRange | None = None) -> str:
    found = fields("export", data, {"file_format": file_format, "select": select}, frames)
    path = folder / found["file_name"][0]
    path.write_bytes(found["content"].tobytes())
    return str(path)


@pytest.mark.parametrize(
    ("file_format", "rounding"), [("pdb", 5e-4), ("gro", 5e-3), ("xyz", 5e-6), ("dcd", 4e-6), ("trr", 8e-6)]
)
def test_mdtraj_reads_the_same_coordinates_and_cells(tmp_path: Path, file_format: str, rounding: float) -> None:
    frames = FrameRange(start=1, step=3)
    (tmp_path / "topology").mkdir()
    path = written(tmp_path, "adk_oplsaa", file_format, "protein", frames)
    topology = written(tmp_path / "topology", "adk_oplsaa", "pdb", "protein", FrameRange(stop=1))
    expected = mdtraj_of("adk_oplsaa")[1::3].atom_slice(range(3341))
    needs_topology = file_format in ("xyz", "dcd", "trr")
    found = mdtraj.load(path, top=topology) if needs_topology else mdtraj.load(path)
    np.testing.assert_allclose(10 * found.xyz, 10 * expected.xyz, rtol=0, atol=rounding + 1e-5)
    if file_format not in ("xyz", "pdb"):  # mdtraj takes one cell of a PDB for all frames
        np.testing.assert_allclose(10 * found.unitcell_lengths, 10 * expected.unitcell_lengths, atol=1e-3)
        np.testing.assert_allclose(found.unitcell_angles, expected.unitcell_angles, atol=1e-2)
    if file_format in ("gro", "trr"):
        np.testing.assert_allclose(found.time, [100.0, 400.0, 700.0], atol=1e-3)
    if not needs_topology:
        assert [atom.name for atom in found.topology.atoms][4:7] == ["CA", "HA", "CB"]
        assert [residue.resSeq for residue in found.topology.residues] == list(range(1, 215))


def test_mdanalysis_reads_a_dcd_and_its_times(tmp_path: Path) -> None:
    path = written(tmp_path, "adk_dims", "dcd", "name CA", FrameRange(step=10))
    topology = written(tmp_path, "adk_dims", "pdb", "name CA", FrameRange(stop=1))
    found, expected = MDAnalysis.Universe(topology, path), universe_of("adk_dims").select_atoms("name CA")
    assert found.trajectory.dt == pytest.approx(10.0, rel=1e-5)
    for frame, _ in zip(found.trajectory, expected.universe.trajectory[::10], strict=True):
        np.testing.assert_array_equal(frame.positions, expected.positions)
        assert frame.dimensions is None
    assert found.residues.resnames.tolist() == expected.residues.resnames.tolist()


def test_mdanalysis_reads_the_cell_of_each_model_of_a_pdb(tmp_path: Path) -> None:
    path = written(tmp_path, "adk_oplsaa", "pdb", "name CA", FrameRange(step=4))
    found, expected = MDAnalysis.Universe(path), universe_of("adk_oplsaa")
    for frame, source in zip(found.trajectory, expected.trajectory[::4], strict=True):
        np.testing.assert_allclose(frame.dimensions, source.dimensions, atol=6e-3)
    assert found.residues.resnames.tolist() == expected.select_atoms("name CA").residues.resnames.tolist()


def test_mdanalysis_reads_a_trr_with_cells_and_times(tmp_path: Path) -> None:
    path = written(tmp_path, "adk_oplsaa", "trr", "name CA")
    expected = universe_of("adk_oplsaa").select_atoms("name CA")
    found = MDAnalysis.Universe.empty(214, trajectory=True).load_new(path)
    for frame, source in zip(found.trajectory, expected.universe.trajectory, strict=True):
        np.testing.assert_allclose(frame.positions, expected.positions, rtol=3e-7)
        np.testing.assert_allclose(frame.dimensions, source.dimensions, rtol=1e-5)
        assert (frame.time, frame.data["step"]) == (pytest.approx(source.time), source.frame)


def test_molecules_are_made_whole_on_request(tmp_path: Path) -> None:
    arguments = {"file_format": "gro", "select": "protein", "whole": True}
    found = fields("export", "adk_oplsaa_bonds", arguments, FrameRange(stop=1))
    path = tmp_path / "whole.gro"
    path.write_bytes(found["content"].tobytes())
    assert 10 * mdtraj.compute_rg(mdtraj.load(str(path))).max() < 20.0  # 24.4 angstrom as it is stored


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of("export")
    with pytest.raises(module.ArgumentError, match=r"frame 7 has coordinates that PDB has no room for"):
        module._check_room(np.array([[0.0, 0.0, -1000.0]]), -999.9994, 9999.9994, "PDB", 7)
    with pytest.raises(module.ArgumentError, match=r"no room"):
        module._check_room(np.array([[np.nan, 0.0, 0.0]]), -999.9994, 9999.9994, "PDB", 7)


class Repeated:
    """The same frame of water molecules, many times over."""

    def __init__(self, universe: Any, n_frames: int) -> None:
        self.indices, self._atoms = np.arange(n_frames), universe.atoms

    def __len__(self) -> int:
        return len(self.indices)

    def blocks(self, atoms: Any, *, whole: bool) -> Any:
        block = type("Block", (), {"boxes": None})
        for index in self.indices:
            block.frames, block.times, block.positions = [index], [0.0], atoms.positions[None]
            yield block


def test_more_than_a_result_may_have_is_refused_at_once() -> None:
    module, universe = module_of("export"), universe_of("adk_dims")
    with pytest.raises(module.ArgumentError, match=r"5000 frames of 3341 atoms are more than 500 MiB"):
        module.export(universe, Repeated(universe, 5000), select="all", file_format="pdb", whole=False)


@pytest.mark.parametrize("file_format", ["docx", "xtc"])
def test_other_formats_are_none(file_format: str) -> None:
    with pytest.raises(KeyError):
        module_of("export").WRITERS[file_format]


def test_a_selection_that_finds_nothing_is_refused() -> None:
    assert "finds no atom" in refusal("export", "adk_dims", {"select": "resname NONE"})
