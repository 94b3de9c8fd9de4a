"""The readers of trajectories: equal to an independent reader, and good for more when their file was let go."""

from __future__ import annotations

import bz2
import warnings
from pathlib import Path
from typing import Any

import chemfiles
import gsd.hoomd
import h5py
import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from sandbox.hold_frames import FrameForm
from sandbox.hold_reader import let_go, open_again
from sandbox.load import load_input
from sandbox.request import DataFile, Input
from sandbox.trajectory_readers import reader_of

# Type, topology with its type, trajectory; name of the format in chemfiles, which is no other code's reader.
CASES = [
    ("DCD", datafiles.PSF_TRICLINIC, "PSF", datafiles.DCD_TRICLINIC, "DCD"),
    ("XTC", datafiles.PDB_sub_sol, "PDB", datafiles.XTC_sub_sol, "XTC"),
    ("TRR", datafiles.PDB_sub_sol, "PDB", datafiles.TRR_sub_sol, "TRR"),
    ("NCDF", datafiles.PRMncdf, "PRMTOP", datafiles.NCDF, "Amber NetCDF"),
    ("TNG", datafiles.COORDINATES_TOPOLOGY, "PDB", datafiles.COORDINATES_TNG, None),  # chemfiles fails on it
    ("XYZ", datafiles.COORDINATES_XYZ, "XYZ", datafiles.COORDINATES_XYZ, "XYZ"),
    ("LAMMPSDUMP", datafiles.LAMMPSdata2, "LAMMPSDATA", None, None),
    ("MDCRD", datafiles.PRM, "PRMTOP", datafiles.TRJ, None),
    ("H5MD", datafiles.PDB_sub_sol, "PDB", datafiles.H5MD_xvf, None),
    ("GSD", datafiles.GSD, "GSD", datafiles.GSD, None),
]


def opened(kind: str, topology: object, topology_kind: str, trajectory: object) -> MDAnalysis.Universe:
    files = [DataFile("topology", topology_kind, str(topology), "topology")]
    if str(trajectory) != str(topology):
        files.append(DataFile("trajectory", kind, str(trajectory), "trajectory"))
    with warnings.catch_warnings(action="ignore"):
        return load_input(Input("universe", "trajectory", tuple(files)))


def frames_of(trajectory: Any) -> list[tuple[Any, ...]]:
    return [
        (ts.frame, ts.positions.copy(), None if ts.dimensions is None else ts.dimensions.copy(), ts.data.get("time"))
        for ts in trajectory
    ]


@pytest.mark.parametrize("case", [case for case in CASES if case[4]], ids=lambda case: case[0])
def test_positions_are_those_that_chemfiles_reads(case: tuple[Any, ...]) -> None:
    kind, topology, topology_kind, path, theirs = case
    universe = opened(kind, topology, topology_kind, path)
    with chemfiles.Trajectory(str(path), "r", theirs) as other:
        assert other.nsteps == len(universe.trajectory)
        for timestep in universe.trajectory:
            frame = other.read_step(timestep.frame)
            np.testing.assert_allclose(timestep.positions, frame.positions, atol=2e-4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_file_that_was_let_go_gives_the_same_frames(case: tuple[Any, ...], tmp_path: Path) -> None:
    """As in a holder: its file is closed, and a child opens it, in any order of frames."""
    kind, topology, topology_kind, path, _ = case
    if kind == "LAMMPSDUMP":
        topology = path = tmp_path / "wat.dump"
        path.write_bytes(bz2.decompress(Path(datafiles.LAMMPSDUMP).read_bytes()))
        topology_kind = kind
    reader = opened(kind, topology, topology_kind, path).trajectory
    before = frames_of(reader)
    FrameForm.of(reader.ts)  # what a holder keeps of a frame is numbers
    let_go(reader)
    open_again(reader)
    assert reader.ts.frame == 0
    for frame in [len(before) - 1, 0, len(before) // 2]:
        reader[frame]
        np.testing.assert_array_equal(reader.ts.positions, before[frame][1])
    for (number, positions, cell, time), found in zip(before, frames_of(reader), strict=True):
        assert (number, time) == (found[0], found[3])
        np.testing.assert_array_equal(positions, found[1])
        assert (cell is None) == (found[2] is None)
        assert cell is None or np.array_equal(cell, found[2])


def test_h5md_of_others_is_read_with_its_units(tmp_path: Path) -> None:
    """Even times, a fixed cell, another name of the group: what MDAnalysis' own reader refuses."""
    path, positions = tmp_path / "a.h5md", np.random.default_rng(1).normal(0, 3, (4, 7, 3))
    with h5py.File(path, "w") as root:
        root.create_group("h5md")
        position = root.create_group("particles/protein/position")
        position["value"], position["step"], position["time"] = positions, 100, 0.2
        position["value"].attrs["unit"], position["time"].attrs["unit"] = "nm", "ns"
        position["time"].attrs["offset"] = 1.0
        velocity = root.create_group("particles/protein/velocity")
        velocity["value"] = positions
        velocity["value"].attrs["unit"] = "nm ns-1"
        root["particles/protein/box/edges"] = np.diag([5.0, 6.0, 7.0])
        root["particles/protein/box/edges"].attrs["unit"] = "nm"
    reader = reader_of("H5MD")(str(path))
    np.testing.assert_allclose([ts.positions.copy() for ts in reader], positions * 10, rtol=1e-6)
    np.testing.assert_allclose(reader[2].velocities, positions[2] * 0.01, rtol=1e-6)
    assert [ts.time for ts in reader] == pytest.approx([1000.0, 1200.0, 1400.0, 1600.0])
    np.testing.assert_allclose(reader[0].dimensions, [50, 60, 70, 90, 90, 90])


def test_the_cell_of_a_gsd_is_that_of_hoomd(tmp_path: Path) -> None:
    """Lattice vectors (Lx, 0, 0), (xy Ly, Ly, 0), (xz Lz, yz Lz, Lz): https://hoomd-blue.readthedocs.io, box.Box."""
    path = tmp_path / "a.gsd"
    with gsd.hoomd.open(str(path), "w") as written:
        frame = gsd.hoomd.Frame()
        frame.configuration.box = [10, 11, 12, 0.1, 0.2, 0.3]
        frame.particles.N, frame.particles.position = 2, [[0, 0, 0], [1, 1, 1]]
        written.append(frame)
    cell = reader_of("GSD")(str(path))[0].dimensions
    vectors = np.array([[10, 0, 0], [1.1, 11, 0], [2.4, 3.6, 12]])
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(cell[:3], lengths, rtol=1e-6)
    cosines = [vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    np.testing.assert_allclose(cell[3:], np.degrees(np.arccos(cosines)), rtol=1e-6)


def test_a_dump_has_no_times_that_nobody_wrote(tmp_path: Path) -> None:
    universe = opened("LAMMPSDUMP", datafiles.LAMMPSDUMP_image_vf, "LAMMPSDUMP", datafiles.LAMMPSDUMP_image_vf)
    assert "time" not in universe.trajectory.ts.data
    assert universe.trajectory.ts.data["step"] == 0
