"""From a method's schema to what Python shows of it: signature, docstring, and the arguments of a call."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.arguments import canonical_arguments, canonical_frames
from fomrepo.model.methods import MethodSchema, Parameter, ResultField
from fomrepo.model.operations import FrameRange

#: What the harness takes for every method with frames: type and meaning.
_FRAME_PARAMETERS: Mapping[str, tuple[Any, str]] = {
    "start": (int | None, "First frame, inclusive; negative counts from the end."),
    "stop": (int | None, "Last frame, exclusive; negative counts from the end."),
    "step": (int | None, "Every how many frames."),
    "frames": (list[int] | None, "Indices of frames, instead of start, stop and step."),
}
_PYTHON_TYPES: Mapping[str, type] = {
    "bool": bool, "int": int, "float": float, "str": str, "choice": str, "selection": str, "frame": int,
    "quantity": float, "file": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckedArguments:
    """Arguments that the schema accepts."""

    #: Every parameter of the method, in canonical form.
    arguments: Mapping[str, Any]
    #: None for methods without frames.
    frames: FrameRange | None
    #: Whether to show a progress bar.
    verbose: bool


def check_arguments(schema: MethodSchema, given: Mapping[str, Any]) -> CheckedArguments:
    """Check the keyword arguments of a call.

    Raises
    ------
    ArgumentError
        Naming the argument and what is accepted. Nothing was sent.
    """
    rest = dict(given)
    verbose = rest.pop("verbose", False)
    frames = None
    if schema.has_frames:
        frames = canonical_frames(**{name: rest.pop(name, None) for name in _FRAME_PARAMETERS})
    else:
        for name in _FRAME_PARAMETERS.keys() & rest.keys():
            raise ArgumentError(f"{schema.name}() takes no {name!r}: its input has no frames", remedy="leave it out")
    return CheckedArguments(canonical_arguments(schema, rest), frames, bool(verbose))


def python_signature(schema: MethodSchema, *, file: type, answer: type) -> inspect.Signature:
    """Signature of a method on its first input; further inputs are of the class ``file``."""
    positional = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=file)
        for name, _ in schema.inputs[1:]
    ]
    keyword = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.required else one.default,
            annotation=_python_type(one),
        )
        for one in schema.parameters
    ]
    frames = _FRAME_PARAMETERS if schema.has_frames else {}
    keyword += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, (annotation, _) in frames.items()
    ]
    keyword.append(inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool))
    return inspect.Signature(positional + keyword, return_annotation=answer)


def python_docstring(schema: MethodSchema) -> str:
    """Docstring of a method, in numpydoc's form."""
    parts = [_sentence(schema.summary), schema.description.strip(), "Parameters\n----------"]
    for position, (name, _) in enumerate(schema.inputs[1:], 1):
        parts[-1] += f"\n{name} : RemoteFile\n" + _indented(f"The second file: {schema.accepted(position)}.")
    for one in schema.parameters:
        parts[-1] += f"\n{one.name} : {_described_type(one)}\n" + _indented(_sentence(one.doc) + _bounds(one))
    for name, (annotation, doc) in (_FRAME_PARAMETERS if schema.has_frames else {}).items():
        parts[-1] += f"\n{name} : {inspect.formatannotation(annotation)}, optional\n" + _indented(doc)
    parts[-1] += "\nverbose : bool, optional\n" + _indented("Whether to show a progress bar.")
    parts.append(f"Returns\n-------\n{schema.result.type}")
    if schema.result.doc:
        parts[-1] += "\n" + _indented(_sentence(schema.result.doc))
    for field in schema.result.fields:
        parts[-1] += "\n" + _indented(_described_field(field))
    if schema.result.type == "TimeSeries":
        parts[-1] += "\n" + _indented("``frames`` : int64 (frame)\n    Index of each frame in the file.")
        parts[-1] += "\n" + _indented("``times`` : float64 (frame), ps\n    Time of each frame.")
    dois = [str(one["doi"]) for one in schema.citations if "doi" in one]
    if dois:
        parts.append("References\n----------\n" + "\n".join(f"doi:{one}" for one in dois))
    licence = f", {schema.licence}" if schema.licence else ""
    parts.append(f"Notes\n-----\nVersion {schema.version}{licence}. Runs at a site that holds the file.")
    return "\n\n".join(part for part in parts if part)


def _python_type(parameter: Parameter) -> Any:
    found: Any = (
        GenericAlias(list, (_PYTHON_TYPES[parameter.items],)) if parameter.items else _PYTHON_TYPES[parameter.type]
    )
    return found | None if parameter.optional else found


def _described_type(parameter: Parameter) -> str:
    kind = inspect.formatannotation(_python_type(parameter))
    if parameter.choices:
        kind = "{" + ", ".join(map(repr, parameter.choices)) + "}"
    unit = f" ({parameter.unit})" if parameter.unit else ""
    return f"{kind}{unit}" + ("" if parameter.required else f", default {parameter.default!r}")


def _bounds(parameter: Parameter) -> str:
    said = []
    if parameter.min is not None:
        said.append(f"At least {parameter.min:g}.")
    if parameter.max is not None:
        said.append(f"At most {parameter.max:g}.")
    what = "items" if parameter.type == "list" else "characters"
    if parameter.min_items is not None:
        said.append(f"At least {parameter.min_items} {what}.")
    if parameter.max_items is not None:
        said.append(f"At most {parameter.max_items} {what}.")
    return "".join(f" {one}" for one in said)


def _described_field(field: ResultField) -> str:
    axes = f" ({', '.join(field.dims)})" if field.dims else ""
    unit = f", {field.unit}" if field.unit else ""
    optional = " or None" if field.optional else ""
    text = f"``{field.name}`` : {field.dtype}{axes}{unit}{optional}"
    return f"{text}\n{_indented(_sentence(field.doc))}" if field.doc else text


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def _sentence(text: str) -> str:
    stripped = text.strip()
    return stripped if stripped.endswith((".", "?", "!")) else stripped + "."
