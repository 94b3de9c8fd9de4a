"""The works of the calls bench as plain functions: what local callers and workers without a wall run.

They are the bundles' own functions, on a Universe that was loaded before, with its frames in memory: nobody is slower
than he needs to be because he parses a topology again.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import MDAnalysis
import numpy as np

from bench.places import METHODS, ROOT

#: Where workers find the topology and the trajectory.
FILES_VARIABLE = "FOMREPO_BENCH_FILES"

BLOCK_BYTES = 8 << 20  # as the harness has it

#: A task that every worker has done before anything is measured: so many at once, each that long.
WARM_UP = "warm_up"
WARM_UPS = 4 * (os.cpu_count() or 1)
WARM_UP_S = 0.5


class FramesInMemory:
    """What a guest's ``frames`` offers to a method, over decoded frames and without progress."""

    def __init__(self, universe: MDAnalysis.Universe, indices: range) -> None:
        self._positions = universe.trajectory.get_array()  # (frame, atom, xyz)
        self._indices = indices

    def blocks(
        self, atoms: MDAnalysis.AtomGroup, *, whole: bool = False, finite: bool = False
    ) -> Iterator[SimpleNamespace]:
        """Frames in blocks, as the harness gives them."""
        size = max(1, BLOCK_BYTES // (12 * len(atoms)))
        for first in range(0, len(self._indices), size):
            rows = self._indices[first : first + size]
            yield SimpleNamespace(positions=self._positions[rows.start : rows.stop][:, atoms.ix])

    def positions_at(
        self, index: int, atoms: MDAnalysis.AtomGroup, *, whole: bool = False, finite: bool = False
    ) -> np.ndarray:
        """Positions of one frame, float64."""
        return np.asarray(self._positions[index][atoms.ix], np.float64)


@functools.cache
def universe() -> MDAnalysis.Universe:
    """Universe of the file that all work on."""
    return MDAnalysis.Universe(*os.environ[FILES_VARIABLE].split(os.pathsep), in_memory=True)


@functools.cache
def function_of(folder: Path) -> Callable[..., dict[str, Any]]:
    """Find the function of a bundle; module and function are called like the folder."""
    spec = importlib.util.spec_from_file_location(folder.name, folder / f"{folder.name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., dict[str, Any]] = getattr(module, folder.name)
    return function


def null(number: int) -> int:
    """Nothing but the call."""
    count: int = function_of(METHODS / "null_call")(universe(), None, salt=float(number))["n_atoms"]
    return count


def megabyte(number: int) -> np.ndarray:
    """A result of 1 MiB."""
    return np.asarray(function_of(METHODS / "megabyte")(universe(), None, salt=float(number))["values"])


def rmsd_1(number: int) -> np.ndarray:
    """RMSD of one frame."""
    frame = number % len(universe().trajectory)
    return _rmsd(range(frame, frame + 1), ref_frame=number // len(universe().trajectory) % len(universe().trajectory))


def rmsd_98(number: int) -> np.ndarray:
    """RMSD of all frames."""
    return _rmsd(range(len(universe().trajectory)), ref_frame=0)


def _rmsd(indices: range, *, ref_frame: int) -> np.ndarray:
    answer = function_of(ROOT / "methods" / "rmsd")(
        universe(),
        FramesInMemory(universe(), indices),
        select="backbone",
        ref_frame=ref_frame,
        superpose=True,
        mass_weighted=False,
        whole=False,
    )
    return np.asarray(answer["rmsd"])


def warm_up(number: int) -> None:
    """Load what the others need, and keep the worker for a while, so that the next warm-up meets another one."""
    universe()
    time.sleep(WARM_UP_S)


TASKS = {"null": null, "megabyte": megabyte, "rmsd_1": rmsd_1, "rmsd_98": rmsd_98}


def run(task: str, number: int) -> Any:
    """Do one of them; what is sent to workers."""
    return warm_up(number) if task == WARM_UP else TASKS[task](number)
