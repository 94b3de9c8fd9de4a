"""Golden cases: what a method must answer on sample data, read from ``tests/*.toml`` of its bundle.

Whoever wrote them is a stranger. A case is data: nothing in it is run, and a key that means nothing is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fomrepo.errors import ArgumentError, BundleRefusedError
from fomrepo.model.arguments import canonical_arguments, canonical_frames
from fomrepo.model.methods import Bundle, MethodSchema, ResultField
from fomrepo.model.operations import FrameRange
from fomrepo.model.toml_entries import SHOWN_LIMIT
from fomrepo.model.toml_lines import line_of

#: Most cases of one bundle: each is run at least twice in a fresh sandbox, which takes about a second a time.
CASE_LIMIT = 40

#: What may be said of a field, besides its shape.
STATEMENTS = ("value", "first", "last", "mean", "min", "max")

#: By whose fault a run may be expected to fail: the argument's or the data's. A method that is at fault is not golden.
EXPECTED_FAILURES = ("argument", "data")

#: Fields that the harness adds to a time series.
_SERIES_FIELDS = (ResultField("frames", "int64", ("frame",), ""), ResultField("times", "float64", ("frame",), "ps"))

_CASE_FILE = re.compile(r"tests/[A-Za-z0-9_.-]+\.toml")
_SAMPLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CASE_KEYS = {"data", "arguments", "frames", "expect", "fails", "message"}
_EXPECT_KEYS = {"field", "shape", "tolerance", "relative", "source", *STATEMENTS}

#: Numbers beyond this are mistakes; TOML's integers may be longer than any float.
_LARGEST = 1e300
#: Axes of a field, at most.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class BundledData:
    """Data of a case that its bundle brings along."""

    #: Path of the file inside the bundle.
    file: str
    #: Path of its topology; None if it needs none.
    topology: str | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one field of the result must be."""

    field: str
    #: The program, the closed form or the document that gave the numbers.
    source: str
    #: Lengths of the axes; None: any.
    shape: tuple[int, ...] | None
    #: ``value``, ``first``, ``last``, ``mean``, ``min`` or ``max`` -> number, text, or nested lists of them.
    stated: Mapping[str, Any]
    #: Largest absolute difference, inclusive, in the field's unit.
    tolerance: float = 0.0
    #: Largest difference relative to the stated number, inclusive; the larger of both tolerances counts.
    relative: float = 0.0


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One question with its known answer."""

    #: Its file: ``tests/alpha_carbons.toml``.
    name: str
    #: For each input: name of a sample, or files of the bundle.
    data: tuple[str | BundledData, ...]
    #: As given; defaults are not filled in.
    arguments: Mapping[str, Any]
    #: None for a method without frames.
    frames: FrameRange | None
    expected: tuple[Expectation, ...]
    #: One of :data:`EXPECTED_FAILURES` where the run must fail; else empty.
    fails: str = ""
    #: What the failure's message must contain.
    message: str = ""


def read_golden_cases(bundle: Bundle) -> tuple[GoldenCase, ...]:
    """Read all golden cases of a bundle, by name.

    Raises
    ------
    BundleRefusedError
        If one is not well formed or does not fit the method; it names the file, the line and the key.
    """
    names = sorted(path for path in bundle.files if _CASE_FILE.fullmatch(path))
    if len(names) > CASE_LIMIT:
        raise BundleRefusedError(
            f"the bundle has {len(names)} golden cases, {CASE_LIMIT} are allowed", remedy="keep the telling ones"
        )
    return tuple(_Reader(name, bundle).read() for name in names)


class _Reader:
    """Reads one case; its refusals name file, line and key."""

    def __init__(self, name: str, bundle: Bundle) -> None:
        self._name, self._bundle = name, bundle
        self._text = ""

    def read(self) -> GoldenCase:
        schema = self._bundle.schema
        try:
            self._text = self._bundle.files[self._name].decode()
            source = tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:
            raise BundleRefusedError(
                f"{self._name} is not valid TOML: {error}", remedy="mend that line; texts stand in quotation marks"
            ) from None
        self._known(source, _CASE_KEYS, "")
        fails = source.get("fails", "")
        if fails not in ("", *EXPECTED_FAILURES):
            raise self._wrong("fails", f"{fails!r} is no fault", f"use one of {', '.join(EXPECTED_FAILURES)}")
        if not isinstance(source.get("message", ""), str) or ("message" in source and not fails):
            raise self._wrong("message", "a message is a text of an expected failure", 'write fails = "argument" too')
        expected = source.get("expect", [])
        if not isinstance(expected, list) or bool(expected) == bool(fails):
            raise self._wrong("expect", "a case states what it expects, or how it fails", "write [[expect]] or fails")
        return GoldenCase(
            self._name,
            self._data(source.get("data"), schema),
            self._arguments(source, schema, fails),
            self._frames(source, schema),
            tuple(self._expectation(one, f"expect.{number}", schema) for number, one in enumerate(expected, 1)),
            fails,
            source.get("message", ""),
        )

    def _data(self, given: object, schema: MethodSchema) -> tuple[str | BundledData, ...]:
        several = given if isinstance(given, list) else [given]
        if given is None or len(several) != len(schema.inputs):
            raise self._wrong(
                "data", f"{schema.name} has {len(schema.inputs)} inputs", 'name a sample for each: data = "adk_dims"'
            )
        return tuple(self._one_data(one) for one in several)

    def _one_data(self, given: object) -> str | BundledData:
        if isinstance(given, str) and _SAMPLE.fullmatch(given):
            return given
        if isinstance(given, dict) and set(given) in ({"file"}, {"topology", "trajectory"}):
            missing = [path for path in given.values() if not isinstance(path, str) or path not in self._bundle.files]
            if missing:
                raise self._wrong("data", f"the bundle has no file {missing[0]!r}", "give a path inside the bundle")
            return BundledData(given.get("file") or given["trajectory"], given.get("topology"))
        raise self._wrong(
            "data", f"{given!r} is no data", 'name a sample, or write {topology = "tests/a.gro", trajectory = "..."}'
        )

    def _arguments(self, source: Mapping[str, Any], schema: MethodSchema, fails: str) -> Mapping[str, Any]:
        arguments = source.get("arguments", {})
        if not isinstance(arguments, dict):
            raise self._wrong("arguments", "it is no table", "write [arguments]")
        try:
            canonical_arguments(schema, arguments)
        except ArgumentError as error:
            if fails != "argument":
                key = f"arguments.{error.facts.get('parameter', '')}"
                raise self._wrong(key.strip("."), error.message, error.remedy) from None
        return arguments

    def _frames(self, source: Mapping[str, Any], schema: MethodSchema) -> FrameRange | None:
        frames = source.get("frames", {})
        if not isinstance(frames, dict) or (frames and not schema.has_frames):
            raise self._wrong("frames", "it is no table, or the method has no frames", "leave it out")
        self._known(frames, {"start", "stop", "step", "frames"}, "frames")
        if not schema.has_frames:
            return None
        try:
            return canonical_frames(**frames)
        except ArgumentError as error:
            raise self._wrong("frames", error.message, error.remedy) from None

    def _expectation(self, entry: object, where: str, schema: MethodSchema) -> Expectation:
        if not isinstance(entry, dict):
            raise self._wrong("expect", "it is no list of tables", "write [[expect]]")
        self._known(entry, _EXPECT_KEYS, where)
        declared = schema.result.fields + (_SERIES_FIELDS if schema.result.type == "TimeSeries" else ())
        found = next((one for one in declared if one.name == entry.get("field")), None)
        if found is None:
            names = ", ".join(one.name for one in declared)
            raise self._wrong(f"{where}.field", f"{entry.get('field')!r} is no field", f"use one of {names}")
        source = entry.get("source")
        if not isinstance(source, str) or not source.strip():
            raise self._wrong(f"{where}.source", "it is missing", "say which program or closed form gave the numbers")
        shape = entry.get("shape")
        if shape is not None and not (isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)):
            raise self._wrong(f"{where}.shape", f"{shape!r} is no shape", "write shape = [98, 3]")
        stated = {name: entry[name] for name in STATEMENTS if name in entry}
        if not stated and shape is None:
            raise self._wrong(where, "it states nothing", f"state one of shape, {', '.join(STATEMENTS)}")
        self._check_stated(found, stated, entry, where)
        return Expectation(
            found.name,
            source,
            None if shape is None else tuple(shape),
            stated,
            float(entry.get("tolerance", 0.0)),
            float(entry.get("relative", 0.0)),
        )

    def _check_stated(self, of: ResultField, stated: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> None:
        for name in ("tolerance", "relative"):
            if not _is_number(entry.get(name, 0.0)) or entry.get(name, 0.0) < 0:
                raise self._wrong(f"{where}.{name}", f"{entry[name]!r} is no tolerance", "give a number from 0 on")
        for name, value in stated.items():
            if of.dtype == "string":
                if name != "value" or not _all_leaves(value, lambda one: isinstance(one, str)):
                    raise self._wrong(f"{where}.{name}", f"{of.name} is text", "state its value as text")
            elif not _all_leaves(value, _is_number) or (isinstance(value, list) and name != "value"):
                raise self._wrong(f"{where}.{name}", "it is no finite number", "give a number; lists for value alone")
        if stated and of.dtype != "string" and not {"tolerance", "relative"} & set(entry):
            raise self._wrong(where, "it has no tolerance", "write tolerance = 1e-5, in the unit of the field")

    def _known(self, entry: Mapping[str, Any], known: set[str], where: str) -> None:
        if unknown := sorted(set(entry) - known):
            key = f"{where}.{unknown[0]}".strip(".")
            raise self._wrong(key, "it means nothing", f"use {', '.join(sorted(known))}")

    def _wrong(self, key: str, what: str, remedy: str | None) -> BundleRefusedError:
        key = key[:SHOWN_LIMIT]
        line = line_of(self._text, key)
        what = what if len(what) <= SHOWN_LIMIT else f"{what[:SHOWN_LIMIT]}..."
        place = self._name if line is None else f"{self._name}, line {line}"
        facts = {"file": self._name, "key": key} | ({} if line is None else {"line": str(line)})
        return BundleRefusedError(f"{place}: {key}: {what}", remedy=remedy, facts=facts)


def _is_number(value: object) -> bool:
    """Whether a value is a finite number; a truth value counts as 0 or 1."""
    return isinstance(value, int | float) and -_LARGEST < value < _LARGEST


def _all_leaves(value: object, holds: Callable[[object], bool], depth: int = 0) -> bool:
    if isinstance(value, list) and depth < _DEEPEST:
        return all(_all_leaves(one, holds, depth + 1) for one in value)
    return holds(value)
