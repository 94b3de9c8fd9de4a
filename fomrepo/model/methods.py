"""The schema of a method: what it accepts, takes and answers, read from ``method.toml`` without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fomrepo.installed_types import installed_types

#: The closed set of result types.
RESULT_TYPES = (
    "Scalar",
    "Text",
    "Table",
    "Array",
    "TimeSeries",
    "Histogram",
    "Matrix",
    "Structure",
    "Figure",
    "FileRef",
    "Composite",
)

#: Fields that a result of a type has by name, beside others: dtypes that they may have, and dims (docs/results.md).
REQUIRED_FIELDS: Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "Structure": {"positions": (("float64", "float32"), ("atom", "xyz"))},
    "Figure": {"content": (("uint8",), ("byte",)), "media_type": (("string",), ())},
    "FileRef": {"content": (("uint8",), ("byte",)), "file_name": (("string",), ())},
}

#: Types of a parameter.
PARAMETER_TYPES = ("bool", "int", "float", "str", "choice", "selection", "frame", "quantity", "file", "list")

#: dtype of a field -> the tensor suffixes and container dtypes that spell it (docs/outcome-format.md).
FIELD_DTYPES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "float64": (("", "F64"),),
    "float32": (("", "F32"),),
    "int64": (("", "I64"),),
    "int32": (("", "I32"),),
    "uint8": (("", "U8"),),
    "bool": (("", "BOOL"),),
    "string": ((":utf8", "U8"), (":offsets", "I64")),
    "complex128": ((":real", "F64"), (":imag", "F64")),
}

#: Dims whose size is known beforehand.
FIXED_DIMS: Mapping[str, int] = {"xyz": 3, "cell": 6}

#: Arguments that the harness takes for every method with frames; no parameter may have such a name.
FRAME_ARGUMENTS = ("start", "stop", "step", "frames", "verbose")

#: Attributes that file objects have; no method may have such a name.
RESERVED_METHOD_NAMES = frozenset({
    "accession", "cite", "dir", "download", "dt", "explain", "facts", "families", "file_type", "get", "help",
    "id",
    "methods", "n_atoms", "n_frames", "name", "open", "record", "replicas", "run", "save", "sha256", "size", "submit",
    "topology", "total_time", "universe",
})  # fmt: skip

#: Attributes that results have; no field may have such a name.
RESERVED_FIELD_NAMES = frozenset({
    "cached", "cite", "dims", "explain", "fields", "frames", "metadata", "method", "operation", "plot", "provenance",
    "result_type", "save", "schema", "site", "times", "to", "to_dict", "to_pandas", "to_universe", "to_xarray", "units",
    "version",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a method."""

    name: str
    #: One of :data:`PARAMETER_TYPES`.
    type: str
    doc: str
    #: Whether it has no default and must be given.
    required: bool
    #: Default in canonical form; None where there is none or the default is None.
    default: Any
    #: Whether None may be given.
    optional: bool = False
    #: Smallest and largest value, both inclusive; None means no bound.
    min: float | None = None
    max: float | None = None
    #: Shortest and longest text, or list.
    min_items: int | None = None
    max_items: int | None = None
    choices: tuple[str, ...] = ()
    #: Unit of a quantity.
    unit: str = ""
    #: Type of the items of a list.
    items: str = ""


@dataclass(frozen=True, slots=True)
class ResultField:
    """One array, number or text of a result."""

    name: str
    #: Key of :data:`FIELD_DTYPES`.
    dtype: str
    #: Named axes; empty for a scalar. The last one is ``"*"`` where rows differ in length.
    dims: tuple[str, ...]
    #: Empty for plain numbers and texts.
    unit: str
    doc: str = ""
    #: Whether the method may leave it out.
    optional: bool = False
    #: How parts of a run split over frames join: ``concat`` along ``frame`` or else the first dim, ``sum``, ``mean``
    #: weighted by frames; empty: it is the same in each part.
    combine: str = ""


@dataclass(frozen=True, slots=True)
class ResultSchema:
    """Type and fields of a result."""

    type: str
    fields: tuple[ResultField, ...]
    doc: str = ""

    def field(self, name: str) -> ResultField | None:
        """Field of that name, or None."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True)
class PartialSchema:
    """What the method's function returns, where a function of the bundle's own makes the result out of the parts."""

    #: Module and function inside the bundle.
    combine: tuple[str, str]
    fields: tuple[ResultField, ...]


@dataclass(frozen=True, slots=True)
class MethodLimits:
    """What one run may use."""

    #: MiB of memory.
    memory_mib: int = 1024
    #: Seconds on the clock.
    wall_s: float = 600.0
    #: MiB of result.
    result_mib: int = 64


@dataclass(frozen=True, slots=True)
class MethodSchema:
    """What a method accepts, takes and answers."""

    name: str
    version: str
    summary: str
    description: str
    #: Module and function inside the bundle.
    entry: tuple[str, str]
    #: Name of the guest environment.
    environment: str
    #: ``frames`` if a run may be cut into ranges of frames; else empty.
    split: Literal["", "frames"]
    #: Name of each input -> the file types and families that it accepts, the preferred one first.
    inputs: tuple[tuple[str, tuple[str, ...]], ...]
    parameters: tuple[Parameter, ...]
    result: ResultSchema
    limits: MethodLimits
    licence: str
    #: Each a table such as ``{"doi": "10.1107/S0108767305015266"}``.
    citations: tuple[Mapping[str, Any], ...]
    authors: tuple[str, ...]
    #: The parsed ``method.toml``, as it travels and as it is hashed.
    source: Mapping[str, Any]
    #: None where the method's function returns the result itself.
    partial: PartialSchema | None = None

    @property
    def part_result(self) -> ResultSchema:
        """What a part of a run that is cut over its frames returns."""
        return self.result if self.partial is None else ResultSchema(self.result.type, self.partial.fields)

    @property
    def has_frames(self) -> bool:
        """Whether it iterates over frames of a trajectory and takes ``start``, ``stop``, ``step`` and ``frames``.

        A method that also accepts files without frames takes none.
        """
        return any(all(map(_has_frames, kinds)) for _, kinds in self.inputs)

    def parameter(self, name: str) -> Parameter | None:
        """Parameter of that name, or None."""
        return next((one for one in self.parameters if one.name == name), None)

    def accepts(self, file_type: str, families: tuple[str, ...], position: int = 0) -> bool:
        """Whether a file of that type can be the input at a position."""
        return not {file_type, *families}.isdisjoint(self.inputs[position][1])

    def accepted(self, position: int = 0) -> str:
        """What the input at a position can be, as a text: ``trajectory or topology``."""
        return " or ".join(self.inputs[position][1])

    def family(self, families: tuple[str, ...], position: int = 0) -> str:
        """Family as which an accepted file is handed over: the first that the method names, else the file's first."""
        return next((kind for kind in self.inputs[position][1] if kind in families), families[0])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A method as it is stored, signed and run: its schema and its files."""

    schema: MethodSchema
    #: SHA-256 over the sorted paths and digests of its files.
    digest: str
    #: Relative path -> content.
    files: Mapping[str, bytes]


def _has_frames(kind: str) -> bool:
    """Whether all files of a family or type have frames."""
    known = installed_types().get(kind)
    return kind == "trajectory" or (known is not None and known.families[0] == "trajectory")


def version_rank(version: str) -> tuple[int, ...]:
    """Order of versions: ``1.10.0`` comes after ``1.9.3``."""
    return tuple(int(part) for part in version.split("."))
