"""Options of the command line, made from a method's schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.arguments import canonical_arguments
from fomrepo.model.methods import MethodSchema, Parameter

_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def read_options(schema: MethodSchema, words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Split the words after a method's name into further files and arguments.

    ``--name value`` and ``--name=value`` are understood; ``--name`` and ``--no-name`` for what is true or false; a list
    is given by repeating the option, or as JSON.

    Raises
    ------
    ArgumentError
        For an option that the method does not have, one without a value, or more files than it takes.
    """
    files: list[str] = []
    given: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            files.append(word)
            continue
        option, equals, text = word[2:].partition("=")
        name = option.replace("-", "_")
        parameter = schema.parameter(name)
        if parameter is None and not equals and (negated := _negated(schema, name)) is not None:
            given[negated] = False
            continue
        if parameter is None:
            canonical_arguments(schema, {name: None})  # raises, with the closest name
            raise AssertionError("an unknown name was accepted")
        if not equals and parameter.type == "bool" and (not rest or rest[0].lower() not in (*_YES, *_NO)):
            given[name] = True
            continue
        if not equals:
            if not rest:
                raise ArgumentError(f"--{option} needs a value", remedy=f"give it: {parameter.doc}")
            text = rest.pop(0)
        if parameter.type == "list":
            items = _json_list(text)
            given.setdefault(name, []).extend([_value(parameter, parameter.items, text)] if items is None else items)
        else:
            given[name] = _value(parameter, parameter.type, text)
    seconds = len(schema.inputs) - 1
    if len(files) > seconds:
        example = f"--{schema.parameters[0].name.replace('_', '-')} ..." if schema.parameters else "--step 2"
        raise ArgumentError(
            f"{schema.name} works on {seconds + 1} file{'s' if seconds else ''}; {files[seconds]!r} is one too many",
            remedy=f"parameters go by name, as {example}: fomrepo method show {schema.name}",
        )
    return files, given


def read_frames(text: str | None) -> list[int] | None:
    """Read frame indices: ``0,10,20``."""
    if text is None:
        return None
    try:
        return [int(one) for one in text.split(",") if one.strip()]
    except ValueError:
        raise ArgumentError(f"--frames {text!r} is no list of frame indices", remedy="give --frames 0,10,20") from None


def _negated(schema: MethodSchema, name: str) -> str | None:
    """Name of the flag that ``--no-name`` puts out."""
    parameter = schema.parameter(name.removeprefix("no_"))
    return parameter.name if parameter is not None and parameter.type == "bool" else None


def _value(parameter: Parameter, kind: str, text: str) -> Any:
    """Value that a text means; a text that means none goes on as it is, and the schema refuses it by name."""
    if kind == "bool":
        return True if text.lower() in _YES else False if text.lower() in _NO else text
    if kind in ("int", "frame", "float", "quantity"):
        try:
            return int(text) if kind in ("int", "frame") else float(text)
        except ValueError:
            return text
    return None if text == "none" and parameter.optional else text


def _json_list(text: str) -> list[Any] | None:
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None
