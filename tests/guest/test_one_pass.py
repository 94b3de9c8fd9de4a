"""Several methods read a file in one pass: frames that another child decoded are those of the file."""

from __future__ import annotations

import atexit
import functools
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fomrepo.installed_files import installed_folder
from sandbox import one_pass
from sandbox.frames import Frames, frame_indices
from sandbox.load import load_input
from sandbox.one_pass import FrameStream, follow
from sandbox.request import DataFile, FrameRange, Input
from tests.guest.runs import Listener, method_request, outcome_of, read_outcome, sample_input

OPENED: list[MDAnalysis.Universe] = []
TYPES = ["XTC", "TRR", "DCD", "PDB"]
N_ATOMS, N_FRAMES = 60, 10


@functools.cache
def laid_out() -> Path:
    """Write some atoms of a trajectory with velocities in several formats."""
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-one-pass-"))
    atexit.register(shutil.rmtree, folder)
    atoms = load_input(sample_input("adk_oplsaa_trr")).atoms[:N_ATOMS]
    atoms.write(folder / "small.gro")
    for each in TYPES:
        atoms.write(folder / f"small.{each.lower()}", frames="all", **({"multiframe": True} if each == "PDB" else {}))
    return folder


def opened(file_type: str) -> MDAnalysis.Universe:
    """Open one of them; the test's end closes it."""
    topology = DataFile("topology", "GRO", str(laid_out() / "small.gro"), "small.gro")
    path = laid_out() / f"small.{file_type.lower()}"
    trajectory = DataFile("trajectory", file_type, str(path), path.name)
    OPENED.append(load_input(Input("universe", "trajectory", (topology, trajectory))))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().trajectory.close()


def counted(universe: MDAnalysis.Universe) -> Counter[int]:
    """Count from now on which frames a reader takes from its file."""
    reads: Counter[int] = Counter()
    reader = universe.trajectory
    own = type(reader)

    class Counting(own):
        def _read_frame(self, frame: int) -> Any:
            reads[frame] += 1
            return super()._read_frame(frame)

    reader.__class__ = Counting
    return reads


def sent(universe: MDAnalysis.Universe, indices: np.ndarray) -> bytes:
    """Decode frames as the one child does."""
    stream = FrameStream(universe.trajectory, indices)
    content = b"".join(stream.chunks())
    assert len(content) == len(stream)
    return content


def told(timestep: Any) -> list[Any]:
    """Say everything about a frame."""
    cell = None if timestep.dimensions is None else timestep.dimensions.tolist()
    arrays = [timestep.positions.tobytes(), timestep.has_velocities and timestep.velocities.tobytes()]
    return [timestep.frame, timestep.time, cell, *arrays, sorted(map(str, timestep.data.items()))]


@pytest.mark.parametrize("file_type", TYPES)
@pytest.mark.parametrize("window_bytes", [1, 3 * 24 * N_ATOMS, 1 << 20])
@pytest.mark.parametrize("wanted", [{}, {"step": -2}, {"frames": (3, 3, 0, 7)}])
def test_each_frame_is_decoded_once_for_all(
    file_type: str, window_bytes: int, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_pass, "WINDOW_BYTES", window_bytes)
    indices = frame_indices(FrameRange(**wanted), N_FRAMES)
    sender, plain = opened(file_type), opened(file_type)
    decoded = counted(sender)
    content = sent(sender, indices)
    assert decoded == Counter(indices.tolist())
    for _ in range(2):  # methods
        receiver = opened(file_type)
        reads = counted(receiver)
        follow(receiver.trajectory, indices, io.BytesIO(content))
        both = zip(*(Frames(each, indices, Listener().progress) for each in (receiver, plain)), strict=True)
        assert all(told(one) == told(other) for one, other in both)
        assert not reads


@pytest.mark.parametrize("name", ["rmsd", "rmsf"])
def test_methods_answer_the_same_bytes_without_their_file(name: str) -> None:
    request, folder = method_request(name, "adk_dims", {"select": "name CA"}), installed_folder("methods") / name
    plain, sender, receiver = (load_input(sample_input("adk_dims")) for _ in range(3))
    content, reads = sent(sender, np.arange(len(sender.trajectory))), counted(receiver)
    answer = outcome_of(replace(request, stream=io.BytesIO(content)), folder, held=[receiver])
    assert not reads
    assert answer == outcome_of(request, folder, held=[plain])
    assert read_outcome(answer)[0] == {"status": "ok"}


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.lists(st.integers(0, 9), min_size=1, max_size=14),
    st.lists(st.integers(0, 9) | st.sampled_from(["next", "rewind"]), max_size=25),
    st.integers(0, 100),
)
def test_any_way_of_reading_gives_the_frames_of_the_file(
    file_type: str, run: list[int], steps: list[int | str], kept: int
) -> None:
    """Also where the stream breaks off, and where the method goes its own ways."""
    indices, receiver, plain = np.array(run), opened(file_type), opened(file_type)
    content = sent(opened(file_type), indices)
    follow(receiver.trajectory, indices, io.BytesIO(content[: len(content) * kept // 100]))
    for step in [*run, *steps]:
        for universe in (receiver, plain):
            if isinstance(step, int):
                universe.trajectory[step]
            elif step == "rewind":
                universe.trajectory.rewind()
            elif universe.trajectory.frame < N_FRAMES - 1:
                universe.trajectory.next()
        assert told(receiver.trajectory.ts) == told(plain.trajectory.ts)
    assert [told(ts) for ts in receiver.trajectory[2:5]] == [told(ts) for ts in plain.trajectory[2:5]]
