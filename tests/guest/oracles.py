"""What the tests of methods compare with: samples opened plainly, by MDAnalysis and by mdtraj; and quick calls."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import MDAnalysis
import mdtraj
import numpy as np

from fomrepo.installed_files import installed_folder
from sandbox.load import load_input
from sandbox.request import FrameRange, MethodRequest
from tests.guest.runs import SAMPLES, method_request, outcome_of, read_outcome, sample_input


def universe_of(data: str) -> MDAnalysis.Universe:
    """Open a sample plainly, without the harness."""
    return MDAnalysis.Universe(SAMPLES[data].topology, SAMPLES[data].trajectory)


@cache
def mdtraj_of(data: str) -> mdtraj.Trajectory:
    """Read a sample by mdtraj, once."""
    sample = SAMPLES[data]
    return mdtraj.load(sample.trajectory, top=sample.topology)


@cache
def _opened(data: str) -> MDAnalysis.Universe:
    return load_input(sample_input(data))


def atoms_of(data: str, select: str) -> np.ndarray:
    """Return the indices of selected atoms."""
    return _opened(data).select_atoms(select).ix


def answer(
    name: str, data: str | tuple[str, ...], arguments: Mapping[str, Any] | None = None, frames: FrameRange | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Call a built-in method on a sample that is opened once: the outcome entry and the fields."""
    return read_outcome(outcome_bytes(method_request(name, data, arguments, frames), data))


def outcome_bytes(request: MethodRequest, data: str | tuple[str, ...]) -> bytes:
    """Run a request of a built-in method on samples that are opened once; the module is called as the method."""
    held = [_opened(one) for one in (data if isinstance(data, tuple) else (data,))]
    return outcome_of(request, installed_folder("methods") / request.module, held=held)


def fields(
    name: str, data: str | tuple[str, ...], arguments: Mapping[str, Any] | None = None, frames: FrameRange | None = None
) -> dict[str, Any]:
    """Call a built-in method on samples that are opened once, and return its fields."""
    outcome, found = answer(name, data, arguments, frames)
    assert outcome == {"status": "ok"}, outcome
    return found


def refusal(
    name: str, data: str | tuple[str, ...], arguments: Mapping[str, Any], frames: FrameRange | None = None
) -> str:
    """Call a built-in method with an argument that means nothing for the sample, and return what it says."""
    outcome, _ = answer(name, data, arguments, frames)
    assert outcome.get("fault") == "argument", outcome
    message: str = outcome["message"]
    return message


def module_of(name: str) -> ModuleType:
    """Import a bundle's module from its folder."""
    path = installed_folder("methods") / name / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
