"""A call as a form, as Python and as a command: three spellings of the same arguments."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.methods import MethodSchema, Parameter

#: What the harness takes for every method with frames.
FRAMES = ("start", "stop", "step")
#: Options of ``fomrepo call`` itself: a parameter with such a name stands behind ``--``.
OPTIONS = frozenset({"version", "explain", "output", "profile", "json", "help"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A call, as it was asked for."""

    #: ``FOM-402917.v1``.
    record: str
    file: str
    method: str
    version: str
    #: Further files, each as ``FOM-402917/adk.dcd``.
    others: tuple[str, ...]
    #: What was given; the rest is as the method has it.
    arguments: Mapping[str, Any]
    #: Whether the file is a trajectory that can be looked at beside the plots.
    moves: bool = False


def read_arguments(schema: MethodSchema, form: Mapping[str, str]) -> dict[str, Any]:
    """Read what a form says; an empty field means that nothing was given.

    Raises
    ------
    ArgumentError
        For a text that is no number where one is wanted. What else the schema refuses, it refuses at the call.
    """
    given = {
        one.name: _value(one, form[one.name].strip()) for one in schema.parameters if form.get(one.name, "").strip()
    }
    if schema.has_frames:
        given |= {name: _number(name, form[name], int) for name in FRAMES if form.get(name, "").strip()}
    return given


def python_of(asked: Asked) -> str:
    """Spell a call as a script whose last line shows the result."""
    given = [f"repo.file({one!r})" for one in asked.others]
    given += [f"{name}={value!r}" for name, value in asked.arguments.items()]
    return "\n".join((
        "import fomrepo",
        "",
        "repo = fomrepo.connect()",
        f"file = repo[{asked.record!r}][{asked.file!r}]",
        f"r = file.methods[{asked.method!r}, {asked.version!r}]({', '.join(given)})",
        "print(r)",
    ))  # fmt: skip


def command_of(asked: Asked) -> str:
    """Spell a call as a command for a shell."""
    words = ["fomrepo", "call", f"{asked.record}/{asked.file}", asked.method, "--version", asked.version, *asked.others]
    if not OPTIONS.isdisjoint(asked.arguments):
        words.append("--")
    for name, value in asked.arguments.items():
        text = json.dumps(value) if isinstance(value, list | bool) else str(value)
        words.append(f"--{name.replace('_', '-')}={text}")
    return shlex.join(words)


def found_python(operation: str) -> str:
    """Spell how the result of a call is found again, whoever sent it from wherever."""
    return f"import fomrepo\n\nrepo = fomrepo.connect()\nr = repo.operation({operation!r}).result()\nprint(r)"


def found_command(operation: str) -> str:
    """Spell the same as a command for a shell."""
    return shlex.join(["fomrepo", "operation", "wait", operation])


def _value(parameter: Parameter, text: str) -> Any:
    if parameter.type == "list":
        return [_single(parameter.name, parameter.items, one.strip()) for one in text.splitlines() if one.strip()]
    return _single(parameter.name, parameter.type, text)


def _single(name: str, kind: str, text: str) -> Any:
    if kind == "bool":
        return text == "true"
    if kind in ("int", "frame"):
        return _number(name, text, int)
    if kind in ("float", "quantity"):
        return _number(name, text, float)
    return text


def _number(name: str, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text.strip())
    except ValueError:
        raise ArgumentError(f"{name}: {text[:80]!r} is no number") from None
