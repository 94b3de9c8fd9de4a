"""Arguments of a call: checked against the schema, and brought into the one form that keys hash.

Used on both sides: by the client before a byte is sent, and by the site because it believes no client.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.methods import MethodSchema, Parameter
from fomrepo.model.operations import FrameRange

#: Longest text that may be given where the schema has no bound of its own.
TEXT_LIMIT = 10_000
#: Longest list that may be given where the schema has no bound of its own.
LIST_LIMIT = 10_000
#: Most frames that may be listed one by one.
FRAME_LIST_LIMIT = 1_000_000


def canonical_arguments(schema: MethodSchema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check arguments and fill in defaults.

    Parameters
    ----------
    schema
        Of the method that is called.
    given
        By name, without the frame arguments.

    Returns
    -------
    dict
        One entry for each parameter of the method, in canonical form.

    Raises
    ------
    ArgumentError
        For an unknown name, a missing argument, a wrong type or a value outside the limits.
    """
    known = [parameter.name for parameter in schema.parameters]
    for name in given:
        if name not in known:
            raise _unknown(schema, name, known)
    arguments: dict[str, Any] = {}
    for parameter in schema.parameters:
        if parameter.name in given:
            arguments[parameter.name] = canonical_value(parameter, given[parameter.name])
        elif parameter.required:
            raise ArgumentError(
                f"{schema.name}() needs the argument {parameter.name!r}",
                remedy=f"give {parameter.name}=...: {parameter.doc}",
            )
        else:
            arguments[parameter.name] = parameter.default
    return arguments


def canonical_value(parameter: Parameter, value: Any) -> Any:
    """Check one value and return its canonical form.

    Raises
    ------
    ArgumentError
        Naming the parameter, what was given and what is accepted.
    """
    if value is None:
        if parameter.optional:
            return None
        raise _wrong(parameter, value, _accepted(parameter, parameter.type))
    if parameter.type != "list":
        return _single(parameter, parameter.type, value)
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise _wrong(parameter, value, "a list")
    longest = LIST_LIMIT if parameter.max_items is None else parameter.max_items
    items = list(islice(value, longest + 1))  # what is given may have no end
    if len(items) > longest:
        raise ArgumentError(
            f"{parameter.name} has more than {longest} items",
            remedy=f"give at most {longest}",
            facts={"parameter": parameter.name},
        )
    _within(parameter, len(items), parameter.min_items, None, "items")
    return [_single(parameter, parameter.items, item) for item in items]


def canonical_frames(
    *, start: int | None = None, stop: int | None = None, step: int | None = None, frames: Iterable[int] | None = None
) -> FrameRange:
    """Check which frames are asked for.

    Raises
    ------
    ArgumentError
        For numbers that are no integers, a step of 0, or a list beside a range.
    """
    given = {"start": start, "stop": stop, "step": step}
    for name, number in given.items():
        if number is not None:
            given[name] = _integer(name, number)
    if given["step"] == 0:
        raise ArgumentError("step=0 would never reach another frame", remedy="give step=1 or leave it out")
    if frames is None:
        return FrameRange(given["start"], given["stop"], given["step"])
    if any(number is not None for number in given.values()):
        raise ArgumentError("frames= was given together with start=, stop= or step=", remedy="give one or the other")
    if isinstance(frames, str | bytes) or not isinstance(frames, Iterable):
        raise ArgumentError(f"frames={frames!r} is no list of frame indices", remedy="give frames=[0, 10, 20]")
    indices = tuple(_integer("frames", index) for index in islice(frames, FRAME_LIST_LIMIT + 1))
    if len(indices) > FRAME_LIST_LIMIT:
        raise ArgumentError(
            f"frames= lists more than {FRAME_LIST_LIMIT:,} frames", remedy="give start=, stop= and step="
        )
    if not indices:
        raise ArgumentError("frames= lists no frame", remedy="give frames=[0, 10, 20], or leave it out for every frame")
    return FrameRange(frames=indices)


def _single(parameter: Parameter, kind: str, value: Any) -> Any:
    if kind == "bool":
        if type(value).__name__ in ("bool", "bool_"):
            return bool(value)
    elif kind in ("int", "frame"):
        if (number := _as_integer(value)) is not None:
            _within(parameter, number, parameter.min, parameter.max)
            return number
    elif kind in ("float", "quantity"):
        if (real := _as_float(value)) is not None:
            _within(parameter, real, parameter.min, parameter.max)
            return real
    elif kind == "choice":
        if isinstance(value, str) and value in parameter.choices:
            return value
    elif isinstance(value, str) and _is_unicode(value):
        text = " ".join(value.split()) if kind == "selection" else value
        longest = TEXT_LIMIT if parameter.type == "list" or parameter.max_items is None else parameter.max_items
        _within(parameter, len(text), None if parameter.type == "list" else parameter.min_items, longest, "characters")
        if kind == "selection" and not text:
            raise _wrong(parameter, value, "a selection such as 'protein and name CA'")
        return text
    raise _wrong(parameter, value, _accepted(parameter, kind))


def _is_unicode(text: str) -> bool:
    """Whether a text can be written down: JSON may hold half a character, a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_integer(value: Any) -> int | None:
    if type(value).__name__ in ("bool", "bool_") or not hasattr(value, "__index__"):
        return None
    number = int(value.__index__())
    return number if -(2**63) <= number < 2**63 else None


def _as_float(value: Any) -> float | None:
    if type(value).__name__ in ("bool", "bool_") or isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number + 0.0 if math.isfinite(number) else None  # -0.0 + 0.0 is 0.0: one spelling of zero


def _integer(name: str, value: Any) -> int:
    if (number := _as_integer(value)) is None:
        raise ArgumentError(
            f"{name}={value!r} is no frame index", remedy="give a whole number; negative ones count from the end"
        )
    return number


def _within(parameter: Parameter, value: float, low: float | None, high: float | None, what: str = "") -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = (
            f"at least {low:g}"
            if high is None
            else f"at most {high:g}"
            if low is None
            else f"between {low:g} and {high:g}"
        )
        raise ArgumentError(
            f"{parameter.name} has {value} {what}, {bounds} allowed"
            if what
            else f"{parameter.name}={value!r} is not {bounds}",
            facts={"parameter": parameter.name},
        )


def _accepted(parameter: Parameter, kind: str) -> str:
    return {
        "bool": "True or False",
        "int": "a whole number",
        "frame": "the index of a frame",
        "float": "a finite number",
        "quantity": f"a finite number in {parameter.unit}",
        "choice": "one of " + ", ".join(map(repr, parameter.choices)),
        "selection": "a selection such as 'protein and name CA'",
    }.get(kind, "a text")


def _wrong(parameter: Parameter, value: Any, accepted: str) -> ArgumentError:
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
    return ArgumentError(
        f"{parameter.name}={shown} is not accepted", remedy=f"give {accepted}", facts={"parameter": parameter.name}
    )


def _unknown(schema: MethodSchema, name: str, known: list[str]) -> ArgumentError:
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"it takes: {', '.join(known) or 'no arguments'}"
    return ArgumentError(f"{schema.name}() has no argument {name!r}", remedy=remedy, facts={"parameter": name})
