"""The trajectories that the benches work on: adk as it comes with MDAnalysisTests, and longer ones made from it.

They are made once and kept; every run, on every machine, makes the same bytes of coordinates.
"""

from __future__ import annotations

import shutil
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import MDAnalysis
import numpy as np
from MDAnalysisTests.datafiles import DCD, PSF

from bench.places import DATA

ATOMS, FRAMES = 3_341, 98

SEED = 20_000
LONG_FRAMES = 4_000
#: How far a frame of the long trajectory is moved, turned and shaken.
SHIFT_ANGSTROM, TURN_RADIANS, NOISE_ANGSTROM = 3.0, 0.3, 0.2

#: Where a DCD's header states the number of frames, after the mark of its first record and its name.
DCD_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A topology and a trajectory, and what other programs need beside them."""

    topology: Path
    trajectory: Path
    #: Structures of the first frame; None where nobody asks for them.
    pdb: Path | None = None
    gro: Path | None = None
    #: GROMACS' groups: 0 backbone, 1 alpha carbons, 2 protein.
    index: Path | None = None


def adk() -> Trajectory:
    """The trajectory as it comes: 3,341 atoms, 98 frames."""
    return Trajectory(Path(PSF), Path(DCD))


def long_adk() -> Trajectory:
    """The 98 frames of adk again and again, each moved, turned and shaken: 3,341 atoms, 4,000 frames of XTC."""
    folder = DATA / f"adk-{LONG_FRAMES}-{SEED}"
    made = Trajectory(
        folder / "adk.psf", folder / "adk.xtc", folder / "adk.pdb", folder / "adk.gro", folder / "adk.ndx"
    )
    if not folder.exists():
        fresh = _emptied(folder.with_name(f"{folder.name}.part"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _write_long(fresh)
        fresh.rename(folder)
    return made


def large_adk(size: int) -> Trajectory:
    """As many frames of adk as make a DCD of at least ``size`` bytes, one after the other."""
    folder = DATA / f"adk-{size}-bytes"
    if not folder.exists():
        fresh = _emptied(folder.with_name(f"{folder.name}.part"))
        shutil.copy(PSF, fresh / "adk.psf")
        _write_large(fresh / "adk.dcd", size)
        fresh.rename(folder)
    return Trajectory(folder / "adk.psf", folder / "adk.dcd")


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write_long(folder: Path) -> None:
    draw = np.random.default_rng(SEED)
    universe = MDAnalysis.Universe(PSF, DCD)
    positions = universe.trajectory.timeseries(order="fac").astype(np.float64)
    shutil.copy(PSF, folder / "adk.psf")
    groups = {"backbone": "backbone", "alpha": "protein and name CA", "protein": "protein"}
    with (folder / "adk.ndx").open("w") as index:
        for name, selection in groups.items():
            atoms = " ".join(str(one + 1) for one in universe.select_atoms(selection).ix)
            index.write(f"[ {name} ]\n{atoms}\n")
    with MDAnalysis.Writer(str(folder / "adk.xtc"), n_atoms=universe.atoms.n_atoms) as writer:
        for frame in range(LONG_FRAMES):
            shape = positions[frame % len(positions)]
            centre = shape.mean(axis=0)
            moved = (shape - centre) @ _rotation(draw) + centre + draw.normal(0.0, SHIFT_ANGSTROM, 3)
            universe.atoms.positions = moved + draw.normal(0.0, NOISE_ANGSTROM, shape.shape)
            universe.trajectory.ts.time = float(frame)
            writer.write(universe.atoms)
    first = MDAnalysis.Universe(PSF, str(folder / "adk.xtc"))
    first.atoms.write(str(folder / "adk.pdb"))
    first.atoms.write(str(folder / "adk.gro"), reindex=True)
    for scratch in folder.glob(".*"):  # offsets that MDAnalysis has left
        scratch.unlink()


def _rotation(draw: np.random.Generator) -> np.ndarray:
    """Draw a small rotation about a random axis (Rodrigues)."""
    axis = draw.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = draw.normal(0.0, TURN_RADIANS)
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    rotation: np.ndarray = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    return rotation


def _write_large(path: Path, size: int) -> None:
    """Repeat the frames' bytes as they are; only their number in the header changes."""
    content = Path(DCD).read_bytes()
    frame_bytes = 3 * (4 * ATOMS + 8)
    header, frames = content[: -FRAMES * frame_bytes], content[-FRAMES * frame_bytes :]
    wanted = -(-(size - len(header)) // frame_bytes)
    with path.open("wb") as file:
        file.write(header[:DCD_FRAMES] + struct.pack("<i", wanted) + header[DCD_FRAMES + 4 :])
        for first in range(0, wanted, FRAMES):
            file.write(frames[: min(FRAMES, wanted - first) * frame_bytes])
