"""Read a guest's answer. Every byte of it is hostile until it was compared with what the method declared.

The layout was checked by ``model/container.py``; here the fields are held against the schema, and a failure is turned
into the error that its caller sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fomrepo.errors import (
    ArgumentError,
    FileRefusedError,
    FomrepoError,
    LimitHit,
    MethodFailedError,
    MethodFrame,
    OutcomeRefusedError,
)
from fomrepo.model.container import DTYPES, PREFIX, Container, Tensor, header_end, parse_header
from fomrepo.model.methods import FIELD_DTYPES, FIXED_DIMS, ResultField, ResultSchema

#: Fields that the harness adds to a time series.
SERIES_FIELDS = (
    ResultField("frames", "int64", ("frame",), "", "Index of each frame in the file"),
    ResultField("times", "float64", ("frame",), "ps", "Time of each frame"),
)

#: Longest message of a failure that is passed on.
MESSAGE_LIMIT = 4096
#: Most frames of a traceback that are passed on.
FRAME_LIMIT = 32
#: Limits that a guest can meet inside and tell of, and their units. Of memory the host has the figures.
TOLD_LIMITS = {"memory": "byte", "result": "byte", "processes": "count", "open_files": "count"}


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe found out about an accepted file."""

    facts: Mapping[str, Any]
    #: Whether the container holds frame offsets.
    has_offsets: bool


def read_container(path: Path) -> Container:
    """Read the header of a container that lies on the host's own disk.

    Raises
    ------
    OutcomeRefusedError
        If it is malformed.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        end = header_end(stream.read(PREFIX), size)
        return parse_header(stream.read(end - PREFIX), size)


def check_method_outcome(path: Path, schema: ResultSchema) -> None:
    """Accept a container that holds a result as declared, or raise the failure that it holds.

    Parameters
    ----------
    path
        Of the container; only the host can write there.
    schema
        What the method declared.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed or holds something else than declared.
    ArgumentError, FileRefusedError, MethodFailedError
        If the guest reports a failure, by whose fault it says that it is.
    """
    container = read_container(path)
    if container.outcome.get("status") == "failed":
        raise _failure(container.outcome)
    if container.outcome != {"status": "ok"}:
        raise OutcomeRefusedError("the outcome is neither a success nor a failure")
    fields = schema.fields + (SERIES_FIELDS if schema.type == "TimeSeries" else ())
    _check_fields(container, fields)
    _check_offsets(path, container, fields)


def read_holder_facts(body: bytes) -> tuple[int, bool, int]:
    """Read what a holder holds: frames, whether they are decoded, and bytes of memory for that.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed.
    FileRefusedError, MethodFailedError
        If the data could not be opened, or not within the limits.
    """
    container = parse_header(body[PREFIX : header_end(body[:PREFIX], len(body))], len(body))
    if container.outcome.get("status") == "failed":
        raise _failure(container.outcome)
    facts = container.outcome.get("facts")
    match facts:
        case {"n_frames": int(n_frames), "decoded": bool(decoded), "frame_bytes": int(size)} if (
            0 <= n_frames < 2**40 and 0 <= size < 2**50
        ):
            return n_frames, decoded, size
    raise OutcomeRefusedError("a holder said something else than what it holds")


def read_probe_outcome(path: Path) -> ProbeReport:
    """Read what a probe found, or raise its refusal.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed.
    FileRefusedError
        If the probe refused the file, or could not read it.
    """
    container = read_container(path)
    outcome = container.outcome
    if outcome.get("status") == "refused":
        raise FileRefusedError(
            _text(outcome.get("message"), "the file was refused"),
            remedy=_text(outcome.get("remedy"), "") or None,
            facts={"reason": _text(outcome.get("reason"), "unreadable")[:40]},
        )
    if outcome.get("status") == "failed":
        failure = _failure(outcome)
        raise FileRefusedError(f"the file cannot be read: {failure.message}", facts={"reason": "unreadable"})
    facts = outcome.get("facts")
    if set(outcome) != {"status", "facts"} or outcome["status"] != "ok" or not isinstance(facts, dict):
        raise OutcomeRefusedError("the outcome of a probe is neither facts nor a refusal")
    steps = container.tensors.get("frame_steps")
    if set(container.tensors) - {"frame_steps"} or (steps and (steps.dtype != "U8" or len(steps.shape) != 1)):
        raise OutcomeRefusedError("the outcome of a probe holds other arrays than frame offsets")
    return ProbeReport(facts, steps is not None)


def _check_fields(container: Container, fields: tuple[ResultField, ...]) -> None:
    sizes = dict(FIXED_DIMS)
    unseen = set(container.tensors)
    for field in fields:
        ragged = field.dims[-1:] == ("*",)
        parts = (
            ((":values", FIELD_DTYPES[field.dtype][0][1]), (":offsets", "I64")) if ragged else FIELD_DTYPES[field.dtype]
        )
        names = [field.name + suffix for suffix, _ in parts]
        present = [name in container.tensors for name in names]
        if field.optional and not any(present):
            continue
        if not all(present):
            raise OutcomeRefusedError(
                f"the result lacks the field {field.name!r} that the method declares", remedy=_AUTHOR
            )
        unseen -= set(names)
        for name, (suffix, dtype) in zip(names, parts, strict=True):
            tensor = container.tensors[name]
            if tensor.dtype != dtype:
                raise OutcomeRefusedError(
                    f"the field {field.name!r} is {tensor.dtype}, the method declares {field.dtype}", remedy=_AUTHOR
                )
            _check_shape(field, tensor, suffix, ragged=ragged, sizes=sizes)
    if unseen:
        raise OutcomeRefusedError(
            f"the result holds {min(unseen)!r}, which the method does not declare", remedy=_AUTHOR
        )


def _check_shape(field: ResultField, tensor: Tensor, suffix: str, *, ragged: bool, sizes: dict[str, int]) -> None:
    """Compare a shape with the declared dims; each name has one size in the whole result."""
    if suffix in (":utf8", ":values"):
        expected: tuple[str, ...] | None = None
        good = len(tensor.shape) == 1
    elif suffix == ":offsets":
        rows = tensor.shape[0] - 1 if len(tensor.shape) == 1 else -1
        expected = field.dims[:1] if (ragged or field.dims) else ()
        good = rows >= 0 and (rows == 1 if not expected else sizes.setdefault(expected[0], rows) == rows)
    else:
        expected = field.dims
        good = len(tensor.shape) == len(expected)
        good = good and all(
            sizes.setdefault(dim, size) == size for dim, size in zip(expected, tensor.shape, strict=True)
        )
    if not good:
        raise OutcomeRefusedError(
            f"the field {field.name!r} has the shape {tensor.shape}, which does not fit its dims {list(field.dims)}",
            remedy=_AUTHOR,
        )


def _check_offsets(path: Path, container: Container, fields: tuple[ResultField, ...]) -> None:
    """Check that offsets begin at 0, never fall and end with the buffer, and that texts are UTF-8."""
    with path.open("rb") as stream:

        def content(tensor: Tensor) -> bytes:
            stream.seek(tensor.start)  # read, not mapped: of a disk that fails a mapping ends the whole process
            return stream.read(tensor.end - tensor.start)

        for field in fields:
            borders = container.tensors.get(field.name + ":offsets")
            if borders is None:
                continue
            body = container.tensors.get(field.name + ":utf8") or container.tensors[field.name + ":values"]
            numbers = np.frombuffer(content(borders), DTYPES["I64"][1])
            if numbers[0] != 0 or numbers[-1] != body.shape[0] or (np.diff(numbers) < 0).any():
                raise OutcomeRefusedError(
                    f"the offsets of the field {field.name!r} do not fit its values", remedy=_AUTHOR
                )
            if body.name.endswith(":utf8") and not _is_utf8(content(body), numbers):
                raise OutcomeRefusedError(f"the texts of the field {field.name!r} are not UTF-8", remedy=_AUTHOR)


def _is_utf8(text: bytes, borders: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
    """Whether a text is UTF-8, and no border cuts a character."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    inner = borders[(borders > 0) & (borders < len(text))]
    return not ((np.frombuffer(text, np.uint8)[inner] & 0xC0) == 0x80).any()


def _failure(outcome: Mapping[str, Any]) -> FomrepoError:
    message = _text(outcome.get("message"), "the method failed")
    fault = outcome.get("fault")
    if fault not in ("argument", "data", "method", "limit"):
        raise OutcomeRefusedError("the outcome blames nobody that could be at fault")
    if fault == "argument":
        return ArgumentError(message, remedy=_text(outcome.get("remedy"), "") or None)
    if fault == "data":
        return FileRefusedError(message, remedy="see what is known of the file: fomrepo show RECORD/FILE")
    type_name = _text(outcome.get("type"), "Exception")[:200]
    return MethodFailedError(
        f"{type_name}: {message}" if message else type_name,
        type_name=type_name,
        frames=_frames(outcome.get("frames")),
        limit=_limit(outcome.get("limit")),
    )


def _limit(value: object) -> LimitHit | None:
    """Read the limit that a guest says it has met; figures that it does not give, or that are none, are zero."""
    if not isinstance(value, dict):
        return None
    name, allowed, used = (value.get(key) for key in ("name", "allowed", "used"))
    if not isinstance(name, str) or name not in TOLD_LIMITS:
        return None
    if type(allowed) is not int or type(used) is not int or not (0 <= allowed < 2**63 and 0 <= used < 2**63):
        allowed = used = 0
    return LimitHit(name, allowed, used, TOLD_LIMITS[name])


def _frames(value: object) -> list[MethodFrame]:
    if not isinstance(value, list):
        return []
    return [
        MethodFrame(
            _text(one.get("file"), "?")[:200],
            one["line"] if type(one.get("line")) is int and 0 <= one["line"] < 2**31 else 0,
            _text(one.get("function"), "?")[:200],
            _text(one.get("source"), "")[:200],
        )
        for one in value[:FRAME_LIMIT]
        if isinstance(one, dict)
    ]


def _text(value: object, otherwise: str) -> str:
    return (
        "".join(c for c in value if c.isprintable() or c == "\n")[:MESSAGE_LIMIT]
        if isinstance(value, str)
        else otherwise
    )


_AUTHOR = "mend the method, or its method.toml"
