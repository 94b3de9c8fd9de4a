"""Guest: opens trajectories, topologies and structures as an MDAnalysis Universe."""

from __future__ import annotations

import warnings
import zlib
from typing import Any

import MDAnalysis
import numpy as np

from sandbox.container import ContainerError, read_tensor
from sandbox.failures import DataError
from sandbox.lammps_style import atom_style
from sandbox.request import DataFile
from sandbox.trajectory_readers import WITH_OFFSETS, reader_of

warnings.filterwarnings("ignore", category=DeprecationWarning, module="MDAnalysis")
warnings.filterwarnings("ignore", message="No coordinate reader found")  # a topology alone is no mistake here

# Our names of types -> MDAnalysis' names of formats, where they differ.
FORMATS = {"LAMMPSDATA": "DATA"}


def open_topology(files: tuple[DataFile, ...]) -> MDAnalysis.Universe:
    """Open what atoms there are, with their coordinates if the files have any.

    Masses that MDAnalysis cannot guess are not 0, as it has them, but no numbers: nothing weighs without them.
    """
    universe = _opened(files)
    masses = getattr(universe._topology, "masses", None)
    if masses is not None and masses.is_guessed:
        unknown = universe.atoms[(universe.atoms.masses == 0.0) & (universe.atoms.types != "DUMMY")]
        if len(unknown):
            unknown.masses = np.nan
    return universe


def _opened(files: tuple[DataFile, ...]) -> MDAnalysis.Universe:
    """Open what MDAnalysis makes of the files."""
    trajectory = next((file for file in files if file.role == "trajectory"), None)
    topology = next((file for file in files if file is not trajectory), trajectory)
    kind = FORMATS.get(topology.type, topology.type)
    options: dict[str, Any] = {"atom_style": atom_style(topology.path)} if topology.type == "LAMMPSDATA" else {}
    if trajectory is None or trajectory is topology:
        return MDAnalysis.Universe(topology.path, topology_format=kind, format=reader_of(kind), **options)
    if trajectory.type in WITH_OFFSETS:
        options["offsets"] = _offsets(trajectory)
    reader = reader_of(trajectory.type)
    return MDAnalysis.Universe(topology.path, trajectory.path, topology_format=kind, format=reader, **options)


def open_universe(files: tuple[DataFile, ...]) -> MDAnalysis.Universe:
    """Open a trajectory; each format is named, so that nothing is guessed from a file name."""
    universe = open_topology(files)
    if not hasattr(universe, "trajectory"):
        raise DataError("has no coordinates")
    return universe


def open_structure(files: tuple[DataFile, ...]) -> MDAnalysis.Universe:
    """Open one set of coordinates: of several frames the first."""
    universe = open_universe(files)
    if len(universe.trajectory) > 1:
        first = universe.trajectory[0]
        universe.load_new(first.positions[None].copy(), order="fac", dimensions=first.dimensions)
    return universe


def unpacked_offsets(steps: np.ndarray) -> np.ndarray:
    """Return byte offsets (frame,) int64 of what `packed_steps` of the probes packed."""
    planes = np.frombuffer(zlib.decompress(steps.tobytes()), np.uint8).reshape(8, -1)
    return np.cumsum(np.concatenate([[0], np.ascontiguousarray(planes.T).view("<i8").ravel()]))


def _offsets(file: DataFile) -> np.ndarray | None:
    """Return the byte offset of each frame as the probe wrote them, or None where there are none."""
    if file.offsets is None:
        return None
    try:
        offsets = unpacked_offsets(read_tensor(file.offsets, "frame_steps"))
    except ContainerError:  # of a deposit before offsets were packed
        offsets = read_tensor(file.offsets, "offsets").astype(np.int64)
    if offsets.ndim != 1 or not offsets.size or offsets[0] != 0 or np.any(np.diff(offsets) <= 0):
        raise ValueError("its frame offsets are not in order; `fomrepo deposit` it again")
    return offsets
