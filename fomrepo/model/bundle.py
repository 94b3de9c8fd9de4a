"""From the files of a bundle to its schema: every rule of ``method.toml``, each refusal with its remedy."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, cast

from fomrepo.errors import ArgumentError, BundleRefusedError
from fomrepo.installed_types import installed_types
from fomrepo.model import units
from fomrepo.model.arguments import canonical_value
from fomrepo.model.canonical import canonical_json, folder_digest
from fomrepo.model.files import FAMILIES
from fomrepo.model.methods import (
    FIELD_DTYPES,
    FRAME_ARGUMENTS,
    PARAMETER_TYPES,
    REQUIRED_FIELDS,
    RESERVED_FIELD_NAMES,
    RESERVED_METHOD_NAMES,
    RESULT_TYPES,
    Bundle,
    MethodLimits,
    MethodSchema,
    Parameter,
    PartialSchema,
    ResultField,
    ResultSchema,
)
from fomrepo.model.splitting import check_splitting
from fomrepo.model.toml_entries import (
    are_texts,
    bound_of,
    check_known,
    count_of,
    match_of,
    table_of,
    tables_of,
    text_of,
    wrong,
)
from fomrepo.model.toml_lines import line_of

#: Most bytes of a whole bundle. Methods are source code; data belongs into records.
BUNDLE_LIMIT_BYTES = 2**20
#: Most files of a bundle.
BUNDLE_LIMIT_FILES = 100
#: Longest path inside a bundle.
PATH_LIMIT = 160

#: Bounds of ``[limits]``: what an operator's machine of ordinary size can give one run.
LARGEST_MEMORY_MIB = 65_536
LARGEST_WALL_S = 86_400
LARGEST_RESULT_MIB = 4_096

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
_ENTRY = re.compile(r"([a-z_][a-z0-9_]{0,63}):([A-Za-z_][A-Za-z0-9_]{0,63})")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,4}")

_TOP_KEYS = {
    "name", "version", "summary", "description", "entry", "environment", "split", "inputs", "parameters", "result",
    "limits", "authors", "licence", "citations", "partial",
}  # fmt: skip
_PARAMETER_KEYS = {
    "type", "default", "doc", "optional", "min", "max", "min_length", "max_length", "choices", "unit", "items",
    "min_items", "max_items", "accepts", "may_be_empty",
}  # fmt: skip
_FIELD_KEYS = {"dtype", "dims", "unit", "combine", "doc", "optional"}


def read_bundle(files: Mapping[str, bytes]) -> Bundle:
    """Check the files of a bundle and read its schema.

    Parameters
    ----------
    files
        Relative path, with ``/``, to content.

    Raises
    ------
    BundleRefusedError
        Naming the bundle's file, the key, and what to write instead.
    """
    if len(files) > BUNDLE_LIMIT_FILES:
        raise BundleRefusedError(
            f"the bundle has {len(files)} files, {BUNDLE_LIMIT_FILES} are allowed",
            remedy="deposit data as a record and take it as an input",
        )
    total = sum(map(len, files.values()))
    if total > BUNDLE_LIMIT_BYTES:
        raise BundleRefusedError(
            f"the bundle has {total} bytes, {BUNDLE_LIMIT_BYTES} are allowed",
            remedy="deposit data as a record and take it as an input",
        )
    for path in files:
        if len(path) > PATH_LIMIT or not _PATH.fullmatch(path):
            raise BundleRefusedError(
                f"the bundle has a file {path[:PATH_LIMIT]!r}", remedy="use letters, digits, _ . - and folders"
            )
    if "method.toml" not in files:
        raise BundleRefusedError("the bundle has no method.toml", remedy="give the folder that holds method.toml")
    try:
        text = files["method.toml"].decode()
        source = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleRefusedError(
            f"method.toml is not valid TOML: {error}", remedy="mend that line; texts stand in quotation marks"
        ) from None
    try:
        schema = read_schema(source)
    except BundleRefusedError as error:
        raise _with_line(error, text) from None
    for key, named in (("entry", schema.entry), ("partial.combine", schema.partial and schema.partial.combine)):
        if named and f"{named[0]}.py" not in files:
            raise BundleRefusedError(
                f"method.toml names the module {named[0]}.py, which the bundle does not have",
                remedy=f'mend {key} = "module:function"',
            )
    return Bundle(schema, folder_digest(files.items()), dict(files))


def read_schema(source: Mapping[str, Any]) -> MethodSchema:
    """Read a schema from the parsed ``method.toml``.

    Raises
    ------
    BundleRefusedError
        If a key is missing, unknown or wrong.
    """
    check_known(source, _TOP_KEYS, "method.toml")
    name = match_of(source, "name", _NAME, "a name such as radius_of_gyration")
    if name in RESERVED_METHOD_NAMES:
        raise wrong("name", f"{name!r} is an attribute of every file object", "take another name")
    entry = cast("re.Match[str]", _ENTRY.fullmatch(match_of(source, "entry", _ENTRY, 'text such as "rmsd:rmsd"')))
    split = source.get("split", "")
    if split not in ("", "frames"):
        raise wrong("split", f"{split!r} is no way to split", 'write split = "frames" or leave it out')
    inputs = table_of(source, "inputs")
    if not 1 <= len(inputs) <= 2:
        raise wrong("inputs", f"it has {len(inputs)} inputs", "name one input, or two for a two-file method")
    parameters = tuple(_parameter(key, value) for key, value in table_of(source, "parameters", {}).items())
    schema = MethodSchema(
        name=name,
        version=match_of(source, "version", _VERSION, "a version such as 1.0.0"),
        summary=text_of(source, "summary", 200),
        description=text_of(source, "description", 10_000, ""),
        entry=(entry[1], entry[2]),
        environment=match_of(
            source,
            "environment",
            re.compile(r"[a-z][a-z0-9-]{0,62}"),
            "the name of a guest environment, such as mdanalysis",
        ),
        split=cast("Any", split),
        inputs=tuple((key, _kinds(key, value)) for key, value in inputs.items()),
        parameters=parameters,
        result=_result(table_of(source, "result")),
        limits=_limits(table_of(source, "limits", {})),
        licence=text_of(source, "licence", 100, ""),
        citations=tables_of(source, "citations"),
        authors=tuple(str(author.get("name", "")) for author in tables_of(source, "authors")),
        source=source,
        partial=_partial(table_of(source, "partial")) if "partial" in source else None,
    )
    check_splitting(schema)
    return schema


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Write the files of a bundle as one text, equal for equal files."""
    return canonical_json({path: base64.b64encode(content).decode() for path, content in files.items()})


def unpack_files(packed: bytes) -> dict[str, bytes]:
    """Read what :func:`pack_files` wrote.

    Raises
    ------
    BundleRefusedError
        If it is anything else.
    """
    try:
        return {str(path): base64.b64decode(content, validate=True) for path, content in json.loads(packed).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise BundleRefusedError("the packed bundle cannot be read") from None


def _kinds(name: str, entry: object) -> tuple[str, ...]:
    """File types and families that one input accepts; one of them is written without a list."""
    where = f"inputs.{name}"
    if not _NAME.fullmatch(name):
        raise wrong(where, f"{name!r} is no name", "use lower case, digits and _")
    kinds = [entry] if isinstance(entry, str) else entry
    if not isinstance(kinds, list) or not kinds:
        raise wrong(where, "it names no file type or family", 'write one, or a list such as ["trajectory", "topology"]')
    known = (*FAMILIES, *installed_types())
    for kind in kinds:
        if kind not in known:
            raise wrong(where, f"{kind!r} is no file type or family", f"use one of {', '.join(known)}")
    if len(set(kinds)) < len(kinds):
        raise wrong(where, "it names a file type or family twice", "name each once")
    return tuple(kinds)


def _parameter(name: str, entry: object) -> Parameter:
    where = f"parameters.{name}"
    if not _NAME.fullmatch(name) or name in FRAME_ARGUMENTS:
        raise wrong(
            where,
            "a parameter cannot have this name",
            f"not one of {', '.join(FRAME_ARGUMENTS)}; lower case, digits and _",
        )
    if not isinstance(entry, dict):
        raise wrong(where, "it is no table", f"write [{where}]")
    check_known(entry, _PARAMETER_KEYS, where)
    kind, items = entry.get("type"), entry.get("items", "")
    if kind not in PARAMETER_TYPES:
        raise wrong(f"{where}.type", f"{kind!r} is no type", f"use one of {', '.join(PARAMETER_TYPES)}")
    if (kind == "list") != bool(items) or (items and items not in PARAMETER_TYPES[:-1]):
        raise wrong(
            f"{where}.items",
            f"{items!r} does not fit type {kind!r}",
            "a list names the type of its items, nothing else does",
        )
    choices = entry.get("choices", [])
    if (kind == "choice" or items == "choice") != bool(choices) or not are_texts(choices):
        raise wrong(f"{where}.choices", "a choice lists its texts, nothing else does", 'write choices = ["a", "b"]')
    unit = entry.get("unit", "")
    if (kind == "quantity" or items == "quantity") != bool(unit) or not units.is_known(unit):
        raise wrong(
            f"{where}.unit",
            f"{unit!r} does not fit type {kind!r}",
            f"a quantity is in {', '.join(units.known_units()[1:])}, or in nm**2/ns and the like",
        )
    optional = entry.get("optional", False) is True
    parameter = Parameter(
        name=name,
        type=kind,
        doc=text_of(entry, "doc", 2_000, where=where),
        required="default" not in entry and not optional,
        default=None,
        optional=optional,
        min=bound_of(entry, "min", where),
        max=bound_of(entry, "max", where),
        min_items=count_of(entry, "min_items" if kind == "list" else "min_length", where),
        max_items=count_of(entry, "max_items" if kind == "list" else "max_length", where),
        choices=tuple(choices),
        unit=unit,
        items=items,
    )
    if "default" not in entry:
        return parameter
    try:
        default = canonical_value(parameter, entry["default"])
    except ArgumentError as error:
        raise wrong(f"{where}.default", error.message, "give a default that the parameter accepts") from None
    return Parameter(**{key: getattr(parameter, key) for key in Parameter.__slots__} | {"default": default})


def _result(entry: Mapping[str, Any]) -> ResultSchema:
    check_known(entry, {"type", "fields", "doc"}, "result")
    if entry.get("type") not in RESULT_TYPES:
        raise wrong("result.type", f"{entry.get('type')!r} is no result type", f"use one of {', '.join(RESULT_TYPES)}")
    fields = table_of(entry, "fields", where="result")
    if not fields:
        raise wrong("result.fields", "the result has no field", "declare at least one [result.fields.NAME]")
    schema = ResultSchema(
        entry["type"], tuple(_field(name, one) for name, one in fields.items()), text_of(entry, "doc", 2_000, "")
    )
    for name, (dtypes, dims) in REQUIRED_FIELDS.get(schema.type, {}).items():
        field = schema.field(name)
        if field is None or field.dtype not in dtypes or field.dims != dims or field.optional:
            what = f"every {schema.type} has a field {name!r}"
            raise wrong(f"result.fields.{name}", what, f'write dtype = "{dtypes[0]}", dims = {list(dims)}')
    return schema


def _partial(entry: Mapping[str, Any]) -> PartialSchema:
    check_known(entry, {"combine", "fields", "doc"}, "partial")
    combine = _ENTRY.fullmatch(str(entry.get("combine", "")))
    fields = table_of(entry, "fields", where="partial")
    if combine is None or not fields:
        raise wrong("partial", "it lacks a function or fields", 'write combine = "module:function" and a field')
    return PartialSchema((combine[1], combine[2]), tuple(_field(name, one, "partial") for name, one in fields.items()))


def _field(name: str, entry: object, table: str = "result") -> ResultField:
    where = f"{table}.fields.{name}"
    if not _NAME.fullmatch(name) or name in RESERVED_FIELD_NAMES:
        raise wrong(where, "a field cannot have this name", "it is an attribute of every result, or not in lower case")
    if not isinstance(entry, dict):
        raise wrong(where, "it is no table", f"write [{where}]")
    check_known(entry, _FIELD_KEYS, where)
    dtype, dims, unit = entry.get("dtype", ""), entry.get("dims"), entry.get("unit", "")
    if dtype not in FIELD_DTYPES:
        raise wrong(f"{where}.dtype", f"{dtype!r} is no dtype", f"use one of {', '.join(FIELD_DTYPES)}")
    if (
        not isinstance(dims, list)
        or len(dims) > 4
        or not all(isinstance(d, str) and (d == "*" or _NAME.fullmatch(d)) for d in dims)
    ):
        raise wrong(
            f"{where}.dims", f"{dims!r} are no dims", 'name at most 4 axes, such as ["frame", "atom"], [] for a scalar'
        )
    ragged_badly = "*" in dims and (len(dims) != 2 or dims[0] == "*" or dtype in ("string", "complex128"))
    if ragged_badly or (dtype == "string" and len(dims) > 1):
        raise wrong(
            f"{where}.dims",
            f"{dims!r} cannot be written",
            'texts have at most one axis; "*" stands last of two, for numbers',
        )
    if not units.is_known(unit):
        raise wrong(
            f"{where}.unit",
            f"{unit!r} is no unit",
            f"use {', '.join(units.known_units()[1:])}, or nm**2/ns and the like, or leave it empty",
        )
    combine = entry.get("combine", "")
    if combine not in ("", "concat", "sum", "mean"):
        raise wrong(f"{where}.combine", f"{combine!r} is no way to combine", "use concat, sum or mean")
    return ResultField(
        name, dtype, tuple(dims), unit, text_of(entry, "doc", 2_000, ""), entry.get("optional", False) is True, combine
    )


def _limits(entry: Mapping[str, Any]) -> MethodLimits:
    bounds = {"memory_mib": LARGEST_MEMORY_MIB, "wall_s": LARGEST_WALL_S, "result_mib": LARGEST_RESULT_MIB}
    check_known(entry, set(bounds), "limits")
    for key, value in entry.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= bounds[key]:
            raise wrong(f"limits.{key}", f"{value!r} is not between 0 and {bounds[key]}", "give a number in this range")
    return MethodLimits(**entry)


def _with_line(error: BundleRefusedError, text: str) -> BundleRefusedError:
    """Say in which line of method.toml the key stands, or the table that lacks it."""
    line = line_of(text, error.facts.get("key", ""))
    if line is None:
        return error
    facts = error.facts | {"line": str(line)}
    return BundleRefusedError(f"method.toml, line {line}: {error.message}", remedy=error.remedy, facts=facts)
