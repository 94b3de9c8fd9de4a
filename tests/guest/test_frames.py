"""The frames of a run: which ones, one by one and in blocks, and whole molecules."""

from __future__ import annotations

import mmap
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.analysis.base import AnalysisFromFunction
from MDAnalysisTests import datafiles

from sandbox.failures import ArgumentError, DataError
from sandbox.frames import Frames, frame_indices
from sandbox.hold_frames import FrameForm, HeldFrames
from sandbox.hold_reader import let_go, read_from_memory
from sandbox.lattice import lattice_vectors, reduced_boxes
from sandbox.load import load_input
from sandbox.request import FrameRange
from tests.guest.runs import Listener, sample_input

N_FRAMES = 10
BORDERS = st.none() | st.integers(-12, 12)


@pytest.fixture(scope="module")
def solvated() -> MDAnalysis.Universe:
    """Return adenylate kinase in water, 10 frames, with bonds; the protein is cut by the cell."""
    return load_input(sample_input("adk_oplsaa_bonds"))


def frames_of(universe: MDAnalysis.Universe, **wanted: object) -> Frames:
    return Frames(universe, frame_indices(FrameRange(**wanted), len(universe.trajectory)), Listener().progress)


@settings(max_examples=200, deadline=None)
@given(BORDERS, BORDERS, st.none() | st.integers(-4, 4).filter(bool))
def test_a_range_is_what_python_and_mdanalysis_mean_by_it(
    start: int | None, stop: int | None, step: int | None
) -> None:
    meant = list(range(N_FRAMES))[start:stop:step]
    try:
        assert frame_indices(FrameRange(start, stop, step), N_FRAMES).tolist() == meant
    except ArgumentError:
        assert not meant or not -N_FRAMES <= (start or 0) < N_FRAMES


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        ({}, list(range(10))),
        ({"start": -3}, [7, 8, 9]),
        ({"step": -4}, [9, 5, 1]),
        ({"stop": 99, "start": 8}, [8, 9]),
        ({"start": 1, "stop": -6, "step": 2}, [1, 3]),
    ],
)
def test_mdanalysis_reads_the_same_frames(
    solvated: MDAnalysis.Universe, wanted: dict[str, int], indices: list[int]
) -> None:
    analysis = AnalysisFromFunction(lambda atoms: atoms.universe.trajectory.frame, solvated.atoms[:1]).run(**wanted)
    assert analysis.results.frames.tolist() == frame_indices(FrameRange(**wanted), N_FRAMES).tolist() == indices


@pytest.mark.parametrize(
    ("frames", "indices"),
    [((0, 5, -1, 5), [0, 5, 9, 5]), ((True,) + (False,) * 8 + (True,), [0, 9])],
)
def test_frames_are_listed_by_index_or_by_truth(frames: tuple[int, ...], indices: list[int]) -> None:
    assert frame_indices(FrameRange(frames=frames), N_FRAMES).tolist() == indices


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (FrameRange(start=10), "start=10 is beyond the 10 frames; the last one is 9"),
        (FrameRange(start=-11), "start=-11 is beyond"),
        (FrameRange(start=5, stop=5), "start=5, stop=5 selects no frame; the file has 10 frames"),
        (FrameRange(step=0), "step=0"),
        (FrameRange(frames=(3, 10)), "frames= lists 10; the file has 10 frames, the last one is 9"),
        (FrameRange(frames=()), "selects no frame; the file has 10 frames"),
        (FrameRange(frames=(True, False)), "2 truth values"),
        (FrameRange(start=1, frames=(1,)), "cannot be combined"),
    ],
)
def test_frames_that_are_not_there_are_an_argument_error(wanted: FrameRange, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        frame_indices(wanted, N_FRAMES)


@pytest.mark.parametrize("selection", ["index 5:90", "name CA", "protein and not name CA"])
@pytest.mark.parametrize("block_bytes", [1, 50_000, 1 << 23])
def test_blocks_hold_what_iteration_gives(solvated: MDAnalysis.Universe, selection: str, block_bytes: int) -> None:
    atoms = solvated.select_atoms(selection)
    blocks = list(frames_of(solvated, step=3).blocks(atoms, block_bytes=block_bytes))
    one_by_one = [(t.frame, t.time, atoms.positions, t.dimensions.copy()) for t in frames_of(solvated, step=3)]
    frames, times, positions, boxes = map(np.array, zip(*one_by_one, strict=True))
    np.testing.assert_array_equal(np.concatenate([block.frames for block in blocks]), frames)
    np.testing.assert_array_equal(np.concatenate([block.times for block in blocks]), times)
    np.testing.assert_array_equal(np.concatenate([block.positions for block in blocks]), positions)
    np.testing.assert_array_equal(np.concatenate([block.boxes for block in blocks]), boxes)
    assert all(len(block.frames) == 1 or block.positions.nbytes <= block_bytes for block in blocks)


def test_blocks_are_read_only(solvated: MDAnalysis.Universe) -> None:
    block = next(frames_of(solvated).blocks(solvated.atoms[:3]))
    for array in (block.positions, block.boxes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


@pytest.fixture(scope="module")
def held() -> MDAnalysis.Universe:
    """Return a trajectory with a cell and bonds whose frames are in memory, as in a holder."""
    universe = load_input(sample_input("adk_oplsaa_bonds"))
    reader = universe.trajectory
    form = FrameForm.of(reader.ts)
    frames = HeldFrames(form, 4, mmap.mmap(-1, form.layout(4)[1]))
    for index in range(4):
        frames.put(index, reader[index])
    let_go(reader)
    read_from_memory(reader, frames)
    return universe


@pytest.mark.parametrize(
    ("wanted", "selection", "is_view"),
    [
        ({}, "all", True),
        ({"start": 1, "stop": 3}, "all", True),
        ({}, "index 3:90", False),
        ({"step": 2}, "all", False),
        ({"step": -1}, "all", False),
    ],
)
def test_a_block_of_frames_in_memory_is_that_memory(
    held: MDAnalysis.Universe, wanted: dict[str, int], selection: str, is_view: bool
) -> None:
    memory = held.trajectory.held.positions
    atoms = held.select_atoms(selection)
    blocks = list(frames_of(held, **wanted).blocks(atoms, block_bytes=2 * 12 * 47681))
    assert [np.shares_memory(block.positions, memory) for block in blocks] == [is_view] * len(blocks)
    assert all(block.positions.flags.c_contiguous and not block.positions.flags.writeable for block in blocks)
    frames = np.concatenate([block.frames for block in blocks])
    np.testing.assert_array_equal(np.concatenate([block.positions for block in blocks]), memory[frames][:, atoms.ix])


def test_whole_molecules_are_a_copy(held: MDAnalysis.Universe) -> None:
    memory = held.trajectory.held.positions
    before = memory.copy()
    for block in frames_of(held).blocks(held.atoms, whole=True):
        assert not np.shares_memory(block.positions, memory)
        assert not np.array_equal(block.positions, memory[block.frames])
    np.testing.assert_array_equal(memory, before)


def test_an_updating_group_is_sent_to_iteration(solvated: MDAnalysis.Universe) -> None:
    with pytest.raises(TypeError, match="for timestep in frames"):
        next(frames_of(solvated).blocks(solvated.select_atoms("around 3 protein", updating=True)))


def test_times_are_known_without_iterating(solvated: MDAnalysis.Universe) -> None:
    np.testing.assert_allclose(frames_of(solvated, step=4).times, [0.0, 400.0, 800.0], rtol=1e-6)


def test_progress_ends_with_all_frames(solvated: MDAnalysis.Universe) -> None:
    listener = Listener()
    list(Frames(solvated, frame_indices(FrameRange(step=5), N_FRAMES), listener.progress))
    assert listener.reported == [(1, 2), (2, 2)]


@pytest.mark.parametrize("selection", ["protein", "name CA", "protein or resid 1000:1100"])
def test_molecules_become_whole_as_mdanalysis_makes_them(solvated: MDAnalysis.Universe, selection: str) -> None:
    atoms = solvated.select_atoms(selection)
    wanted = frames_of(solvated, step=4)
    positions = np.concatenate([block.positions for block in wanted.blocks(atoms, whole=True)])
    for place, index in enumerate(wanted.indices):
        solvated.trajectory[index]
        solvated.select_atoms(f"same fragment as ({selection})").unwrap(reference=None)
        np.testing.assert_allclose(positions[place], atoms.positions, atol=2e-5)
        np.testing.assert_array_equal(wanted.positions_at(int(index), atoms, whole=True), positions[place])


def test_nothing_becomes_whole_without_bonds() -> None:
    universe = load_input(sample_input("adk_oplsaa"))
    with pytest.raises(ArgumentError, match="whole=True needs bonds"):
        next(frames_of(universe).blocks(universe.atoms, whole=True))


def test_nothing_becomes_whole_by_the_bonds_of_others() -> None:
    universe = MDAnalysis.Universe.empty(4, n_residues=3, atom_resindex=[0, 0, 1, 2], trajectory=True)
    universe.dimensions = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0]
    universe.add_TopologyAttr("bonds", [(0, 1)])
    assert next(frames_of(universe).blocks(universe.atoms, whole=True)).positions.shape == (1, 4, 3)  # two ions
    universe = MDAnalysis.Universe.empty(4, n_residues=2, atom_resindex=[0, 0, 1, 1], trajectory=True)
    universe.dimensions = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0]
    universe.add_TopologyAttr("bonds", [(0, 1)])
    with pytest.raises(
        ArgumentError, match="2 of 3 selected atoms have none in this topology, as the one with index 2"
    ):
        next(frames_of(universe).blocks(universe.atoms[1:], whole=True))


def test_nothing_becomes_whole_without_a_cell() -> None:
    universe = load_input(sample_input("adk_dims"))
    with pytest.raises(ArgumentError, match="no periodic cell"):
        next(frames_of(universe).blocks(universe.atoms, whole=True))


def test_frames_with_a_cell_are_not_in_one_block_with_frames_without(tmp_path: Path) -> None:
    universe = MDAnalysis.Universe.empty(2, trajectory=True)
    cells = [[9.0, 9.0, 9.0, 90.0, 90.0, 90.0], None, None, [8.0, 8.0, 8.0, 90.0, 90.0, 90.0]]
    with MDAnalysis.Writer(str(tmp_path / "a.trr"), 2) as writer:
        for cell in cells:
            universe.dimensions = cell
            writer.write(universe.atoms)
    universe.load_new(str(tmp_path / "a.trr"))
    blocks = list(frames_of(universe).blocks(universe.atoms))
    assert [block.frames.tolist() for block in blocks] == [[0], [1, 2], [3]]
    assert [None if block.boxes is None else block.boxes[:, 0].tolist() for block in blocks] == [[9.0], None, [8.0]]


def test_coordinates_that_are_no_numbers_are_refused_where_they_would_be_passed_over() -> None:
    universe = MDAnalysis.Universe.empty(3, trajectory=True)
    positions = np.zeros((4, 3, 3), np.float32)
    positions[2, 1, 0] = np.nan
    universe.load_new(positions, order="fac")
    with pytest.raises(
        DataError, match="frame 2 has no position of the atom with index 1: its coordinates are no numb"
    ):
        list(frames_of(universe, start=1).blocks(universe.atoms[1:], finite=True))
    assert len(list(frames_of(universe).blocks(universe.atoms[::2], finite=True))) == 1
    (block,) = frames_of(universe).blocks(universe.atoms)
    assert np.isnan(block.positions).sum() == 1
    with pytest.raises(DataError, match="frame 2 has no position of the atom with index 1"):
        frames_of(universe).positions_at(2, universe.atoms, finite=True)
    assert np.isnan(frames_of(universe).positions_at(2, universe.atoms)).sum() == 1


def test_lattices_are_those_of_mdanalysis(solvated: MDAnalysis.Universe) -> None:
    block = next(frames_of(solvated).blocks(solvated.atoms[:1]))
    for box, lattice in zip(block.boxes, block.lattices, strict=True):
        np.testing.assert_allclose(lattice, MDAnalysis.lib.mdamath.triclinic_vectors(box), atol=1e-5)


def test_a_frame_that_cannot_be_read_is_the_fault_of_the_data(copied) -> None:
    path = copied(datafiles.XTC, first_bytes=700_000)
    universe = MDAnalysis.Universe(datafiles.GRO, str(path))
    with pytest.raises(DataError, match="frame 4 cannot be read"):
        list(Frames(universe, np.array([0, 4]), Listener().progress))


def test_a_frame_without_positions_is_named_with_what_to_do(tmp_path: Path) -> None:
    universe = MDAnalysis.Universe.empty(2, trajectory=True, velocities=True)
    with MDAnalysis.Writer(str(tmp_path / "a.trr"), 2) as writer:
        for index in range(3):
            universe.trajectory.ts.has_positions = index != 1
            writer.write(universe)
    universe.load_new(str(tmp_path / "a.trr"))
    message = "frame 1 has no positions; leave such frames out by frames="
    with pytest.raises(DataError, match=message):
        list(frames_of(universe).blocks(universe.atoms))
    with pytest.raises(DataError, match=message):
        frames_of(universe).positions_at(1, universe.atoms)
    assert len(list(frames_of(universe, step=2).blocks(universe.atoms))) == 1


def test_reduced_cells_span_the_same_lattices() -> None:
    boxes = np.array(
        [[30, 40, 25, 75, 110, 50], [50, 40, 100, 90, 125, 90], [20, 20, 60, 90, 90, 120], [30, 30, 30, 60, 60, 90]],
        np.float32,
    )
    reduced = reduced_boxes(boxes)
    np.testing.assert_array_equal(reduced[2:], boxes[2:])  # as programs have them: not a digit changes
    turns = lattice_vectors(reduced) @ np.linalg.inv(lattice_vectors(boxes))
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0, atol=1e-5)
    leans, widths = np.abs(lattice_vectors(reduced)), lattice_vectors(reduced)
    for vector, by in ((1, 0), (2, 1), (2, 0)):
        assert (leans[:, vector, by] <= 0.501 * widths[:, by, by]).all()
    assert reduced_boxes(reduced) is reduced
