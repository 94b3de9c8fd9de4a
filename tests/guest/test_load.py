"""Opening the files of an input: formats are named, offsets are given, nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from MDAnalysisTests import datafiles

from deposition.report import packed_steps
from sandbox.container import Container
from sandbox.failures import DataError
from sandbox.load import load_input
from sandbox.load_universe import unpacked_offsets
from sandbox.request import DataFile, Input
from tests.guest.runs import offsets_of, probed, sample_input

TRAJECTORIES = [("XTC", datafiles.XTC), ("TRR", datafiles.TRR)]


def neutral(tmp_path: Path, source: str, name: str) -> Path:
    """Copy a file to a name that tells no format."""
    target = tmp_path / name
    shutil.copyfile(source, target)
    return target


def trajectory_input(topology: Path, kind: str, trajectory: Path, offsets: Path | None = None) -> Input:
    return Input(
        "universe",
        "trajectory",
        (
            DataFile("topology", "GRO", str(topology), "adk.gro"),
            DataFile("trajectory", kind, str(trajectory), "adk.traj", None if offsets is None else str(offsets)),
        ),
    )


@pytest.mark.parametrize(("kind", "source"), TRAJECTORIES)
def test_offsets_of_the_deposit_are_used_and_nothing_is_written(tmp_path: Path, kind: str, source: str) -> None:
    topology = neutral(tmp_path, datafiles.GRO, "topology")
    trajectory = neutral(tmp_path, source, "trajectory")
    _, tensors = probed(trajectory, f"adk.{kind.lower()}")
    offsets = tmp_path / "offsets"
    offsets.write_bytes(Container({}, {"offsets": offsets_of(tensors)[:7]}).to_bytes())
    before = sorted(tmp_path.iterdir())
    universe = load_input(trajectory_input(topology, kind, trajectory, offsets))
    assert len(universe.trajectory) == 7  # a scan would have found 10
    universe.trajectory[6]
    universe.trajectory[2]
    assert universe.trajectory.time == pytest.approx(200.0)
    assert len(universe.trajectory) == 7
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("kind", "source"), TRAJECTORIES)
def test_without_offsets_frames_are_found_in_memory(tmp_path: Path, kind: str, source: str) -> None:
    topology = neutral(tmp_path, datafiles.GRO, "topology")
    trajectory = neutral(tmp_path, source, "trajectory")
    before = sorted(tmp_path.iterdir())
    assert len(load_input(trajectory_input(topology, kind, trajectory)).trajectory) == 10
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("offsets", [[0, 50, 20], [4, 8], []])
def test_offsets_out_of_order_are_refused(tmp_path: Path, offsets: list[int]) -> None:
    path = tmp_path / "offsets"
    path.write_bytes(Container({}, {"offsets": np.array(offsets, np.int64)}).to_bytes())
    with pytest.raises(DataError, match="offsets are not in order"):
        load_input(trajectory_input(Path(datafiles.GRO), "XTC", Path(datafiles.XTC), path))


@pytest.mark.parametrize(
    ("family", "kind", "source", "n_frames"),
    [
        ("structure", "GRO", datafiles.GRO, 1),
        ("structure", "PDB", datafiles.PDB_small, 1),
        ("trajectory", "PDB", datafiles.PDB_multiframe, 24),
    ],
)
def test_one_file_can_be_topology_and_coordinates(
    tmp_path: Path, family: str, kind: str, source: str, n_frames: int
) -> None:
    path = neutral(tmp_path, source, "file")
    universe = load_input(Input("universe", family, (DataFile(family, kind, str(path), "a.file"),)))
    assert len(universe.trajectory) == n_frames


def test_a_topology_alone_has_no_coordinates() -> None:
    given = (DataFile("topology", "PSF", str(datafiles.PSF), "adk.psf"),)
    assert len(load_input(Input("universe", "topology", given)).atoms) == 3341
    with pytest.raises(DataError, match=r"adk\.psf has no coordinates"):
        load_input(Input("universe", "trajectory", given))


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)adk\.gro with adk\.traj cannot be read: .*3341"):
        load_input(trajectory_input(Path(datafiles.GRO), "DCD", Path(datafiles.DCD)))


def test_offsets_of_many_frames_of_nearly_one_size_take_a_byte_or_so_each() -> None:
    sizes = np.random.default_rng(5).normal(1500, 10, 300_000).astype(np.int64) * 4
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    packed = packed_steps(offsets)
    assert packed.nbytes < 2**19
    np.testing.assert_array_equal(unpacked_offsets(packed), offsets)
    np.testing.assert_array_equal(unpacked_offsets(packed_steps(offsets[:1])), [0])


def test_masses_that_nobody_can_guess_are_no_numbers(tmp_path: Path) -> None:
    lines = [
        f"    1{residue:<5s}{name:>5s}{number:5d}   0.100   0.200   0.300"
        for number, (residue, name) in enumerate([("ALA", "CA"), ("LIG", "QQ"), ("SOL", "MW")], 1)
    ]
    (tmp_path / "topology").write_text("\n".join(["odd", "    3", *lines, "   5.0   5.0   5.0\n"]))
    universe = load_input(
        Input("universe", "topology", (DataFile("topology", "GRO", str(tmp_path / "topology"), "a.gro"),))
    )
    np.testing.assert_array_equal(universe.atoms.masses, [12.011, np.nan, 0.0])  # the last one is a site of water
    given = load_input(sample_input("adk_oplsaa_bonds"))
    assert not np.isnan(given.atoms.masses).any()
