"""Guest: MDAnalysis' readers of trajectories, each mended where it would be wrong, or could not be opened again.

A holder closes a reader's file and lets each child open it by `_reopen` (hold_reader.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from MDAnalysis.coordinates.core import triclinic_box
from MDAnalysis.coordinates.GSD import GSDReader
from MDAnalysis.coordinates.LAMMPS import DumpReader
from MDAnalysis.coordinates.TRJ import NCDFPicklable, NCDFReader, TRJReader
from MDAnalysis.coordinates.TRR import TRRReader
from MDAnalysis.coordinates.XTC import XTCReader

from sandbox.h5md_reader import H5MDFile


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


class _NCDF(NCDFReader):
    """AMBER's NetCDF: opens its file again once it was closed."""

    def _reopen(self) -> None:
        if self.trjfile is None:
            self.trjfile = NCDFPicklable(self.filename, mmap=True, maskandscale=False)
        self._current_frame = -1


class _MDCRD(TRJReader):
    """AMBER's text: one frame is no reason to fail."""

    def _detect_amber_box(self) -> bool:
        try:
            return super()._detect_amber_box()
        except StopIteration:  # nothing is behind the first frame
            self.periodic = False
            self.close()
            return False


class _LAMMPSDUMP(DumpReader):
    """LAMMPS' dump: it has steps, and no times; those of MDAnalysis would be made up of 1 ps a step."""

    def _read_next_timestep(self) -> Any:
        timestep = super()._read_next_timestep()
        timestep.data.pop("time", None)
        return timestep


class _GSD(GSDReader):
    """HOOMD's GSD: its tilt factors are no cosines, as MDAnalysis takes them for; its steps are no times."""

    def _read_frame(self, frame: int) -> Any:
        timestep = super()._read_frame(frame)
        x, y, z, xy, xz, yz = (float(each) for each in self._file[int(frame)].configuration.box)
        timestep.dimensions = triclinic_box([x, 0, 0], [xy * y, y, 0], [xz * z, yz * z, z]) if x * y * z else None
        return timestep


_READERS: Mapping[str, Any] = {
    "XTC": _XTC,
    "TRR": _TRR,
    "NCDF": _NCDF,
    "MDCRD": _MDCRD,
    "LAMMPSDUMP": _LAMMPSDUMP,
    "GSD": _GSD,
    "H5MD": H5MDFile,
}
WITH_OFFSETS = frozenset({"XTC", "TRR"})


def reader_of(file_type: str) -> Any:
    """Return what MDAnalysis takes as format of a trajectory: a reader, or the name of one of its own."""
    return _READERS.get(file_type, file_type)
