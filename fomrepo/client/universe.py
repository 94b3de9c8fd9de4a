"""``traj.universe(...)``: some atoms in some frames as a Universe of MDAnalysis, on the user's own machine.

The one module of the client that imports MDAnalysis, and it is imported only when it is called
(docs/adr/0033-getting-data-out.md).

1. The library's method ``coordinates`` runs at a site and gives the positions, cells and times.
2. The topology comes whole, through the cache, and its atoms are cut down to the selected ones.
3. The positions become the trajectory, in memory.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import MDAnalysis
import numpy as np
import numpy.typing as npt
from MDAnalysis.coordinates.memory import MemoryReader

from fomrepo.client.file_cache import FileCache
from fomrepo.errors import DataError

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile

#: Our names of types -> MDAnalysis' names of formats, where they differ.
FORMATS = {"LAMMPSDATA": "DATA"}


class TimedMemoryReader(MemoryReader):  # type: ignore[misc]  # MDAnalysis ships no types
    """Frames in memory with a time each, since those that were chosen need not be equally far apart.

    Parameters
    ----------
    coordinates
        (frame, atom, xyz), angstrom.
    times
        (frame,), ps.
    more
        As :class:`~MDAnalysis.coordinates.memory.MemoryReader` takes it.
    """

    def __init__(self, coordinates: npt.NDArray[np.float32], *, times: npt.NDArray[np.float64], **more: Any) -> None:
        self._times = times
        steps = np.diff(times)
        super().__init__(coordinates, **{"dt": float(steps[0]) if len(steps) else 1.0} | more, times=times)

    def _read_next_timestep(self, ts: Any = None) -> Any:
        ts = super()._read_next_timestep(ts)
        ts.time = float(self._times[ts.frame])
        return ts


def local_universe(
    file: RemoteFile, *, select: str, whole: bool, frames: dict[str, Any], verbose: bool
) -> MDAnalysis.Universe:
    """Make the Universe that :meth:`RemoteFile.universe` promises."""
    found = file.methods["coordinates"](select=select, whole=whole, **frames, verbose=verbose)
    topology = file.topology or file
    (path,) = FileCache.of_this_user().paths([topology], verbose=verbose)
    kind = FORMATS.get(topology.file_type, topology.file_type)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No coordinate reader found")  # a topology alone is no mistake here
        universe = MDAnalysis.Universe(str(path), topology_format=kind)
    atoms = universe.atoms
    if file.n_atoms not in (None, len(atoms)):
        raise DataError(f"{topology.name} has {len(atoms)} atoms here, {file.name} has {file.n_atoms}")
    if len(found.atom_indices) < len(atoms):
        universe = MDAnalysis.Merge(atoms[np.asarray(found.atom_indices)])
    return universe.load_new(
        np.array(found.positions),  # a copy: those of a result may not be changed
        format=TimedMemoryReader,
        order="fac",
        dimensions=None if found.cells is None else np.array(found.cells),
        times=np.array(found.times),
    )
