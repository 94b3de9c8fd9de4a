"""What a guest is told: pure functions from a resolved call to the request of docs/guest-protocol.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile
from fomrepo.model.canonical import canonical_json
from fomrepo.model.files import FileObject
from fomrepo.model.methods import Bundle, MethodSchema, PartialSchema, ResultField
from fomrepo.model.operations import FrameRange
from fomrepo.model.results import ResolvedInput

#: Names of inputs, whatever a method calls them: so one holder of a file serves all methods.
INPUT_NAMES = ("first", "second")


class Holding(Protocol):
    """Knows where bytes lie: a site's copies, or sample data."""

    def path(self, digest: str) -> Path:
        """Where the bytes of that digest are."""

    def identity(self, digest: str) -> tuple[int, int] | None:
        """Device and inode that the guest has to find there; None where only the site can change the path."""


def method_request(
    schema: MethodSchema,
    inputs: tuple[ResolvedInput, ...],
    *,
    arguments: Mapping[str, Any],
    frames: FrameRange | None,
    limits: RunLimits,
    vault: Holding,
    bundle: Bundle | None = None,
    part: tuple[int, int] | None = None,
    parts: Sequence[int] = (),
    frames_follow: bool = False,
) -> tuple[bytes, tuple[InputFile, ...]]:
    """Request of a method's run, and the files that it may read.

    Inside, files have neutral names such as ``first.trajectory.xtc``; the depositor's names are for messages.

    Parameters
    ----------
    schema, inputs, arguments, frames, limits
        Of the call.
    vault
        Where the objects lie.
    bundle
        Sent along as source text, for a child of a holder, which has no folder with the method.
    part
        Which part of the frames is to be done, from 0, and of how many; None: all of them.
    parts
        Lengths in bytes of the containers of all parts, which follow the request and are to be combined.
    frames_follow
        Whether the frames follow the request, decoded by a guest with :func:`frames_request`.
    """
    entries, files = _inputs(schema, inputs, vault)
    request = canonical_json(
        {
            "protocol": 1,
            "task": "method",
            "entry": {"module": schema.entry[0], "function": schema.entry[1]},
            "inputs": entries,
            "frames": frames.canonical() if frames else None,
            "parameters": schema.source.get("parameters", {}),
            "arguments": dict(arguments),
            "result": {"type": schema.result.type, "fields": _fields(schema.result.fields)},
            "limits": _limits(limits),
            **({} if schema.partial is None else {"partial": _partial(schema.partial)}),
            **({} if bundle is None else {"bundle": _source_texts(bundle)}),
            **({} if part is None else {"part": {"number": part[0], "of": part[1]}}),
            **({"parts": list(parts)} if parts else {}),
            **({"frames_follow": True} if frames_follow else {}),
        }
    )
    return request, files


def frames_request(
    schema: MethodSchema, inputs: tuple[ResolvedInput, ...], *, frames: FrameRange, limits: RunLimits, vault: Holding
) -> bytes:
    """Request to decode the frames of a run for the methods that read them together."""
    entries, _ = _inputs(schema, inputs, vault)
    request = {"protocol": 1, "task": "frames", "inputs": entries, "frames": frames.canonical()}
    return canonical_json(request | {"limits": _limits(limits)})


def hold_request(
    schema: MethodSchema,
    inputs: tuple[ResolvedInput, ...],
    *,
    frame_budget_bytes: int,
    limits: RunLimits,
    vault: Holding,
) -> tuple[bytes, tuple[InputFile, ...]]:
    """Request of a holder for the inputs of a call, and the files that it may read.

    Parameters
    ----------
    schema
        Of the method that is called first; it says of which family each input is.
    inputs
        Resolved to exact bytes.
    frame_budget_bytes
        Decoded frames may take so much memory; otherwise they stay in the file.
    limits
        Of each child.
    vault
        Where the objects lie.
    """
    entries, files = _inputs(schema, inputs, vault)
    request = {
        "protocol": 1,
        "task": "hold",
        "inputs": entries,
        "frame_budget_bytes": frame_budget_bytes,
        "limits": _limits(limits),
    }
    return canonical_json(request), files


def probe_request(
    *,
    name: str,
    size: int,
    topology: FileObject | None,
    limits: RunLimits,
    same: tuple[tuple[int, int] | None, tuple[int, int] | None] = (None, None),
    brief: bool = False,
    leave_bytes: int = 0,
) -> bytes:
    """Request of a probe; the file lies at ``/in/file``, its topology at ``/in/topology.<type>``.

    ``same`` has device and inode of both where they lie in place; ``brief``: of what has no atoms the type is enough;
    ``leave_bytes``: it waits for a byte before it looks at each so many, 0: for none.
    """
    paired = None
    if topology is not None:
        paired = {
            "path": f"/in/topology.{topology.file_type.lower()}",
            "type": topology.file_type,
            "name": topology.name,
            "n_atoms": topology.facts.get("n_atoms"),
            **_same(same[1]),
        }
    file = {"path": "/in/file", "name": name, "size": size, **_same(same[0])} | ({"brief": True} if brief else {})
    request = {"protocol": 1, "task": "probe", "file": file, "topology": paired, "limits": _limits(limits)}
    return canonical_json(request | ({"leave_bytes": leave_bytes} if leave_bytes else {}))


def _inputs(
    schema: MethodSchema, inputs: tuple[ResolvedInput, ...], vault: Holding
) -> tuple[list[dict[str, Any]], tuple[InputFile, ...]]:
    entries, files = [], []
    for position, (name, one) in enumerate(zip(INPUT_NAMES, inputs, strict=False)):
        described = []
        for role, file in _roles(one):
            inside = f"{name}.{role}.{file.file_type.lower()}"
            files.append(InputFile(vault.path(file.digest), inside))
            entry: dict[str, Any] = {"role": role, "type": file.file_type, "path": f"/in/{inside}", "name": file.name}
            entry |= _same(vault.identity(file.digest))
            if file.offsets_digest is not None:
                files.append(InputFile(vault.path(file.offsets_digest), f"{name}.{role}.offsets"))
                entry["offsets"] = f"/in/{name}.{role}.offsets"
            described.append(entry)
        family = schema.family(one.file.families, position)
        entries.append({"name": name, "family": family, "files": described})
    return entries, tuple(files)


def _same(identity: tuple[int, int] | None) -> dict[str, Any]:
    return {} if identity is None else {"same": list(identity)}


def _partial(partial: PartialSchema) -> dict[str, Any]:
    module, function = partial.combine
    return {"entry": {"module": module, "function": function}, "fields": _fields(partial.fields)}


def _fields(fields: Sequence[ResultField]) -> dict[str, dict[str, Any]]:
    return {
        field.name: {
            "dtype": field.dtype,
            "dims": list(field.dims),
            "unit": field.unit,
            "optional": field.optional,
            "combine": field.combine,
        }
        for field in fields
    }


def _source_texts(bundle: Bundle) -> dict[str, str]:
    return {path: content.decode() for path, content in bundle.files.items() if path.endswith(".py")}


def _roles(one: ResolvedInput) -> list[tuple[str, FileObject]]:
    if one.topology is None or "trajectory" not in one.file.families:
        return [("topology", one.file)]
    return [("topology", one.topology), ("trajectory", one.file)]


def _limits(limits: RunLimits) -> dict[str, Any]:
    return {
        "result_bytes": limits.result_bytes,
        "memory_bytes": limits.memory_bytes,
        "cpu_s": int(limits.cpu_s),
        "processes": limits.processes,
        "open_files": limits.open_files,
    }
