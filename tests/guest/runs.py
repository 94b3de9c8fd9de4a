"""Runs methods and probes in this process, without a wall: for tests of what is behind it."""

from __future__ import annotations

import itertools
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from MDAnalysisTests import datafiles

from deposition.recognise import probe
from fomrepo.installed_files import installed_folder
from fomrepo.model.bundle import read_schema
from sandbox.load_universe import unpacked_offsets
from sandbox.request import DataFile, Field, FrameRange, Input, Limits, MethodRequest, Partial
from sandbox.run_method import method_outcome

LIMITS = Limits(result_bytes=1 << 26, memory_bytes=1 << 30, cpu_s=60, processes=64, open_files=256)


@dataclass(frozen=True, slots=True)
class Sample:
    """A topology and a trajectory with their types, or one file of any family."""

    topology: str
    trajectory: str  # empty: there is only the one file
    types: tuple[str, str]
    family: str = "trajectory"

    @classmethod
    def alone(cls, file: object, kind: str, family: str) -> Sample:
        """Sample of one file."""
        return cls(str(file), "", (kind, ""), family)


SAMPLES = {
    "adk_dims": Sample(str(datafiles.PSF), str(datafiles.DCD), ("PSF", "DCD")),
    "adk_dims2": Sample(str(datafiles.PSF), str(datafiles.DCD2), ("PSF", "DCD")),
    "adk_oplsaa": Sample(str(datafiles.GRO), str(datafiles.XTC), ("GRO", "XTC")),
    "adk_oplsaa_trr": Sample(str(datafiles.GRO), str(datafiles.TRR), ("GRO", "TRR")),
    "adk_oplsaa_bonds": Sample(str(datafiles.TPR), str(datafiles.XTC), ("TPR", "XTC")),
    "nmr_models": Sample(str(datafiles.PDB_multiframe), str(datafiles.PDB_multiframe), ("PDB", "PDB")),
    "adk_psf": Sample.alone(datafiles.PSF, "PSF", "topology"),
    "energies": Sample.alone(datafiles.AUX_EDR, "EDR", "energy"),
    "martini_bilayer": Sample(str(datafiles.Martini_membrane_gro), str(datafiles.Martini_membrane_gro), ("GRO", "GRO")),
    "random_walk": Sample(str(datafiles.RANDOM_WALK_TOPO), str(datafiles.RANDOM_WALK), ("PDB", "XTC")),
    "one_structure": Sample(str(datafiles.GRO_velocity), str(datafiles.GRO_velocity), ("GRO", "GRO")),
}


class Listener:
    """Stands in for the socket: keeps the progress that was reported."""

    def __init__(self) -> None:
        self.reported: list[tuple[int, int]] = []

    def progress(self, done: int, total: int) -> None:
        self.reported.append((done, total))


def schema_of(name: str) -> dict[str, Any]:
    """Read a built-in method's schema."""
    return tomllib.loads((installed_folder("methods") / name / "method.toml").read_text())


def takes_frames(schema: Mapping[str, Any]) -> bool:
    """Whether the harness hands frames over."""
    return read_schema(schema).has_frames


def partial_of(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Say who combines the parts of a run, as a request on the wire does."""
    if "partial" not in schema:
        return None
    module, function = schema["partial"]["combine"].split(":")
    return {"entry": {"module": module, "function": function}, "fields": schema["partial"]["fields"]}


def sample_input(data: str | Sample) -> Input:
    """Make the input of a sample data set, or of one that has no name."""
    sample = SAMPLES[data] if isinstance(data, str) else data
    roles = (("topology", sample.topology), ("trajectory", sample.trajectory))
    files = (
        DataFile(role, kind, path, Path(path).name)
        for (role, path), kind in zip(roles, sample.types, strict=True)
        if path
    )
    return Input("universe", sample.family, tuple(files))


def method_request(
    name: str,
    data: str | Sample | tuple[str, ...],
    arguments: Mapping[str, Any] | None = None,
    frames: FrameRange | None = None,
) -> MethodRequest:
    """Make the request for a built-in method, defaults filled in as the host would."""
    schema = schema_of(name)
    declared = schema.get("parameters", {})
    defaults = {key: value.get("default") for key, value in declared.items() if {"default", "optional"} & set(value)}
    module, function = schema["entry"].split(":")
    partial = schema.get("partial")
    return MethodRequest(
        module=module,
        function=function,
        inputs=tuple(sample_input(one) for one in (data if isinstance(data, tuple) else (data,))),
        frames=(frames or FrameRange()) if takes_frames(schema) else None,
        parameters=declared,
        arguments=defaults | (arguments or {}),
        result_type=schema["result"]["type"],
        fields=_fields(schema["result"]),
        limits=LIMITS,
        partial=partial and Partial(*partial["combine"].split(":"), _fields(partial)),
    )


def _fields(table: Mapping[str, Any]) -> tuple[Field, ...]:
    """Read the declared fields of a result, or of what a part returns."""
    return tuple(Field.from_json(key, value) for key, value in table["fields"].items())


def outcome_of(
    request: MethodRequest, method_folder: Path, listener: Listener | None = None, held: Sequence[Any] | None = None
) -> bytes:
    """Run a method from a folder; the module is imported afresh each time."""
    sys.modules.pop(request.module, None)
    sys.path.append(str(method_folder))
    try:
        return method_outcome(request, listener or Listener(), str(method_folder), held).to_bytes()
    finally:
        sys.path.remove(str(method_folder))
        sys.modules.pop(request.module, None)


def call(
    name: str, data: str, arguments: Mapping[str, Any] | None = None, frames: FrameRange | None = None
) -> dict[str, Any]:
    """Call a built-in method on sample data and return its fields; strings as lists."""
    outcome, fields = read_outcome(
        outcome_of(method_request(name, data, arguments, frames), installed_folder("methods") / name)
    )
    assert outcome == {"status": "ok"}, outcome
    return fields


def read_outcome(container: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a container by the safetensors package: the outcome entry, and the fields with strings put together."""
    tensors = safetensors.numpy.load(container)
    length = int.from_bytes(container[:8], "little")
    outcome = json.loads(json.loads(container[8 : 8 + length])["__metadata__"]["outcome"])
    fields: dict[str, Any] = {name: array for name, array in tensors.items() if ":" not in name}
    for name in [name for name in tensors if name.endswith(":utf8")]:
        field = name.removesuffix(":utf8")
        borders = tensors[f"{field}:offsets"]
        raw = tensors[name].tobytes()
        fields[field] = [raw[a:b].decode() for a, b in itertools.pairwise(borders)]
    return outcome, fields


def offsets_of(tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Byte offset of each frame, as a probe found it."""
    return unpacked_offsets(tensors["frame_steps"])


def probed(path: Path, name: str | None = None, topology: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
    """Probe a file in this process: the outcome entry and the tensors."""
    outcome, tensors = probe({"path": str(path), "name": name or path.name, "size": path.stat().st_size}, topology)
    return outcome, {key: np.asarray(value) for key, value in tensors.items()}
