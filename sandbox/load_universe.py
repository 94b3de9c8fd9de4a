"""Guest: opens trajectories, topologies and structures as an MDAnalysis Universe."""

from __future__ import annotations

import warnings
from typing import Any

import MDAnalysis
import numpy as np
from MDAnalysis.coordinates.TRR import TRRReader
from MDAnalysis.coordinates.XTC import XTCReader

from sandbox.container import read_tensor
from sandbox.failures import DataError
from sandbox.request import DataFile

warnings.filterwarnings("ignore", category=DeprecationWarning, module="MDAnalysis")
warnings.filterwarnings("ignore", message="No coordinate reader found")  # a topology alone is no mistake here


class _KnownOffsets:
    """Finds frames by offsets that are given, and never scans for, locks or writes an offsets file."""

    def __init__(self, filename: str, *, offsets: np.ndarray | None = None, **options: Any) -> None:
        self._given_offsets = offsets
        super().__init__(filename, **options)

    def _load_offsets(self) -> None:
        """Set the offsets from the deposit; without them the reader scans once, in memory."""
        if self._given_offsets is not None:
            self._xdr.set_offsets(self._given_offsets)

    def keep_offsets(self) -> None:
        """Keep the offsets while the file is closed; the reader would forget them."""
        self._given_offsets = self._xdr.offsets.copy()

    def _reopen(self) -> None:
        """Open the file anew, at its beginning, with the offsets that are known."""
        offsets = self._xdr.offsets if self._given_offsets is None else self._given_offsets
        self.ts.frame = 0
        self._frame = -1
        self._xdr.close()
        self._xdr.open(self.filename.encode(), "r")
        self._xdr.set_offsets(offsets)

    def _read_frame(self, i: int) -> Any:
        """Read one frame; a failure is an error, not a reason to rebuild the offsets."""
        self._frame = i - 1
        self._xdr.seek(i)
        return self._read_next_timestep()


class _XTC(_KnownOffsets, XTCReader):
    """GROMACS' compressed trajectory."""


class _TRR(_KnownOffsets, TRRReader):
    """GROMACS' full-precision trajectory."""


_READERS: dict[str, Any] = {"XTC": _XTC, "TRR": _TRR}


def open_topology(files: tuple[DataFile, ...]) -> MDAnalysis.Universe:
    """Open what atoms there are, with their coordinates if the files have any."""
    trajectory = next((file for file in files if file.role == "trajectory"), None)
    topology = next((file for file in files if file is not trajectory), trajectory)
    if trajectory is None or trajectory is topology:
        return MDAnalysis.Universe(topology.path, topology_format=topology.type, format=topology.type)
    reader = _READERS.get(trajectory.type, trajectory.type)
    options = {"offsets": _offsets(trajectory)} if trajectory.type in _READERS else {}
    return MDAnalysis.Universe(topology.path, trajectory.path, topology_format=topology.type, format=reader, **options)


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


def _offsets(file: DataFile) -> np.ndarray | None:
    """Return the byte offset of each frame as the probe wrote them, or None where there are none."""
    if file.offsets is None:
        return None
    offsets = read_tensor(file.offsets, "offsets").astype(np.int64)
    if offsets.ndim != 1 or not offsets.size or offsets[0] != 0 or np.any(np.diff(offsets) <= 0):
        raise ValueError("its frame offsets are not in order; `fomrepo deposit` it again")
    return offsets
