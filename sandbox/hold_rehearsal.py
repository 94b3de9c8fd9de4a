"""Guest: a dummy call, by which a child touches beforehand what its one call will need.

A fork shares all memory with its parent until one of them writes, and each first touch of a page costs a fault. They
are most of what a short call takes, and a child that waits has the time for them.
"""

from __future__ import annotations

import io
import linecache
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.container import canonical_json
from sandbox.hold_bundle import make_importable
from sandbox.request import PROTOCOL, HoldRequest, MethodRequest, read_request
from sandbox.run_method import method_outcome

ATOMS_LIMIT = 100_000  # a frame of more is memory that a waiting child had better share

MODULE = "rehearsal_of_a_call"
SOURCE = f"""
import numpy as np


def {MODULE}(universe, *frames):
    atoms = universe.select_atoms("index 0:2")
    positions = [np.eye(3)[None]]
    for each in frames:
        positions = [block.positions.astype(np.float64) for block in each.blocks(atoms)]
    np.linalg.svd(positions[0].transpose(0, 2, 1) @ positions[0])
    return {{"squares": np.einsum("fax,fax->f", positions[0], positions[0])}}
"""


class _Nobody:
    """Hears the progress of a rehearsal."""

    def progress(self, done: int, total: int) -> None:
        """Do nothing."""


def rehearse(request: HoldRequest, universes: Sequence[Any], method_folder: str) -> None:
    """Do everything that a call does but the answer, and leave no trace of it."""
    importers, modules = list(sys.meta_path), set(sys.modules)
    timesteps = [universe.trajectory.ts for universe in universes if hasattr(universe, "trajectory")]
    data = [dict(timestep.data) for timestep in timesteps]
    with_frames = hasattr(universes[0], "trajectory") and len(universes[0].atoms) <= ATOMS_LIMIT
    asked = read_request(io.BytesIO(_spoken(request, with_frames=with_frames)))
    if isinstance(asked, MethodRequest):
        asked = replace(asked, inputs=request.inputs)
        make_importable(asked.bundle, method_folder)
        with warnings.catch_warnings(action="ignore"):
            method_outcome(asked, _Nobody(), method_folder, universes).to_bytes()
    for timestep, entries in zip(timesteps, data, strict=True):
        timestep.data = entries
    for name in sys.modules.keys() - modules:
        del sys.modules[name]
    linecache.cache.pop(os.path.join(method_folder, f"{MODULE}.py"), None)
    sys.meta_path[:] = importers


def _spoken(request: HoldRequest, *, with_frames: bool) -> bytes:
    """Return the request as it would come from the host."""
    limits = {name: getattr(request.limits, name) for name in request.limits.__slots__}
    body = canonical_json(
        {
            "protocol": PROTOCOL,
            "task": "method",
            "entry": {"module": MODULE, "function": MODULE},
            "inputs": [],
            "frames": {"start": None, "stop": 1, "step": None, "frames": None} if with_frames else None,
            "parameters": {},
            "arguments": {},
            "result": {"type": "Composite", "fields": {"squares": {"dtype": "float64", "dims": ["frame"]}}},
            "limits": limits,
            "bundle": {f"{MODULE}.py": SOURCE},
        }
    ).encode()
    return len(body).to_bytes(8, "little") + body
