"""Stubs of what is published: what type checkers and editors know of ``traj.rmsd(select=...).rmsd``.

They are a partial stub package as PEP 561 has it: ``fomrepo-stubs`` lies beside the installed package and holds one
module, ``client/method_attributes.pyi``, which takes the place of the one that says "any attribute".
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from pathlib import Path

from fomrepo.client.results.fields import declared_fields
from fomrepo.client.results.whole_file import written
from fomrepo.client.signatures import python_docstring
from fomrepo.errors import StorageError
from fomrepo.model.methods import MethodSchema, Parameter, ResultField

#: Folder of the package, as PEP 561 names it.
PACKAGE = "fomrepo-stubs"

_HEAD = """\
# Written by `fomrepo stubs` from what the federation has published; write it again when that has changed.
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fomrepo.client.operation import OperationFuture
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.kinds import (
    Array, Composite, Figure, FileRef, Histogram, Matrix, Scalar, Structure, Table, Text, TimeSeries,
)
"""
_NUMPY = {
    "float64": "NDArray[np.float64]", "float32": "NDArray[np.float32]", "int64": "NDArray[np.int64]",
    "int32": "NDArray[np.int32]", "uint8": "NDArray[np.uint8]", "bool": "NDArray[np.bool_]",
    "complex128": "NDArray[np.complex128]", "string": "np.ndarray[tuple[int], np.dtypes.StringDType]",
}  # fmt: skip
_PLAIN = {"bool": "bool", "complex128": "complex", "string": "str", "float64": "float", "float32": "float"}
_FRAMES = {"start": "int", "stop": "int", "step": "int", "frames": "Iterable[int]"}
_PARAMETERS = {"bool": "bool", "int": "int", "frame": "int", "float": "float", "quantity": "float"}


def write_stubs(schemas: Iterable[MethodSchema], folder: Path) -> Path:
    """Write the stub package into a folder; returns where it is.

    Raises
    ------
    StorageError
        If the folder cannot be written to.
    """
    package = folder / PACKAGE
    module = package / "client" / "method_attributes.pyi"
    text = "".join(f"{line}\n" for line in stub_lines(schemas))
    try:
        module.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{package} cannot be made: {error.strerror}", remedy="give a folder of yours: fomrepo stubs typings"
        ) from None
    written(package / "py.typed", [b"partial\n"])
    written(module, [text.encode()])
    return package


def stub_lines(schemas: Iterable[MethodSchema]) -> Iterator[str]:
    """Lines of the stub: a class for the result of each method, then the methods, then those that answer later.

    A method that has the name of a Python keyword is left out: it is no attribute that anybody could write.
    """
    named = [one for one in schemas if not keyword.iskeyword(one.name)]
    yield _HEAD
    for one in named:
        yield from _result_lines(one)
    for owner, answer in (("MethodAttributes", "{}"), ("SubmittedAttributes", "OperationFuture[{}]")):
        yield f"class {owner}:"
        for one in named:
            yield from _method_lines(one, answer.format(_result_name(one)))
        if not named:
            yield "    pass"
        yield ""


def _result_name(schema: MethodSchema) -> str:
    parts = (part.capitalize() if part[:1].isalpha() else f"_{part}" for part in schema.name.split("_"))
    return f"{''.join(parts)}Result"


def _result_lines(schema: MethodSchema) -> Iterator[str]:
    yield f"class {_result_name(schema)}({schema.result.type}):"
    for field in declared_fields(schema.result):
        if not keyword.iskeyword(field.name):
            yield f"    {field.name}: {_field_type(field)}"
    yield "    __getattr__: None  # type: ignore[assignment]  # it has these fields and no others"
    yield ""


def _field_type(field: ResultField) -> str:
    if "*" in field.dims:
        found = f"tuple[{_NUMPY[field.dtype]}, ...]"
    else:
        found = _NUMPY[field.dtype] if field.dims else _PLAIN.get(field.dtype, "int")
    return f"{found} | None" if field.optional else found


def _method_lines(schema: MethodSchema, answer: str) -> Iterator[str]:
    words = ["self", *(f"{name}: RemoteFile" for name, _ in schema.inputs[1:])]
    if any(map(keyword.iskeyword, (name for name, _ in schema.inputs[1:]))):
        words = ["self", "*files: RemoteFile"]
    keywords = [_parameter(one) for one in schema.parameters if not keyword.iskeyword(one.name)]
    if schema.has_frames:
        keywords += [f"{name}: {kind} | None = None" for name, kind in _FRAMES.items()]
    keywords.append("verbose: bool = False")
    if any(keyword.iskeyword(one.name) for one in schema.parameters):  # only **{"lambda": 1} can give it
        keywords.append("**others: Any")
    star = [] if words[-1].startswith("*") else ["*"]
    yield f"    def {schema.name}({', '.join([*words, *star, *keywords])}) -> {answer}:"
    yield f"        {python_docstring(schema)!r}"  # one string and nothing else, whoever wrote it


def _parameter(parameter: Parameter) -> str:
    kind = _type_of(parameter, parameter.items or parameter.type)
    kind = f"Iterable[{kind}]" if parameter.items else kind
    kind = f"{kind} | None" if parameter.optional else kind
    plain = isinstance(parameter.default, bool | int | str | None)
    default = "" if parameter.required else f" = {parameter.default!r}" if plain else " = ..."
    return f"{parameter.name}: {kind}{default}"


def _type_of(parameter: Parameter, kind: str) -> str:
    if kind == "choice":
        return f"Literal[{', '.join(map(repr, parameter.choices))}]"
    return _PARAMETERS.get(kind, "str")
