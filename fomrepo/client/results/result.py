"""The typed objects that calls answer with."""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from fomrepo.client.results.fields import declared_fields
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.client.unchanging import Unchanging
from fomrepo.errors import ArgumentError
from fomrepo.model import units
from fomrepo.model.methods import MethodSchema, ResultField
from fomrepo.model.operations import Provenance


class Result(Unchanging):
    """An answer of a method: its fields are attributes.

    Parameters
    ----------
    fields
        Values by name, as :func:`~fomrepo.client.results.fields.read_fields` makes them.
    schema
        Of the method that ran.
    provenance
        Where the answer came from.
    units
        Unit of each field; those that the schema declares if None.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        schema: MethodSchema,
        provenance: Provenance,
        *,
        units: Mapping[str, str] | None = None,
    ) -> None:
        declared = declared_fields(schema.result)
        self._fields = dict(fields)
        self._declared = {one.name: one for one in declared}
        #: Schema of the method that ran.
        self.schema = schema
        #: Where the answer came from: site, operation, digests, arguments.
        self.provenance = provenance
        #: Unit of each field; empty for plain numbers and texts.
        self.units: Mapping[str, str] = MappingProxyType(
            {one.name: one.unit for one in declared} if units is None else dict(units)
        )
        #: Named axes of each field.
        self.dims: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.dims for one in declared})
        self._made()

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self._fields)

    @property
    def result_type(self) -> str:
        """One of the closed set of result types, such as ``TimeSeries``."""
        return self.schema.result.type

    @property
    def method(self) -> str:
        """Name of the method that ran."""
        return self.provenance.method

    @property
    def version(self) -> str:
        """Version of the method that ran."""
        return self.provenance.version

    @property
    def cached(self) -> bool:
        """Whether you had asked this before and nothing was computed."""
        return self.provenance.cached

    @property
    def site(self) -> str:
        """Site that ran the method."""
        return self.provenance.site

    @property
    def operation(self) -> str:
        """Id of the operation that this answers."""
        return self.provenance.operation

    @short_tracebacks
    def to(self, unit: str) -> Result:
        """Return the same result with every field that measures the same thing in another unit.

        Raises
        ------
        ArgumentError
            If no field can be expressed in that unit.
        """
        fields, converted = dict(self._fields), dict(self.units)
        for name, value in self._fields.items():
            if value is not None and (factor := _factor(self.units[name], unit)) is not None:
                fields[name], converted[name] = _scaled(value, factor), unit
        if unit not in converted.values():
            given = ", ".join(sorted({one for one in self.units.values() if one})) or "no units"
            raise ArgumentError(f"no field of this result can be given in {unit!r}", remedy=f"it has {given}")
        return type(self)(fields, self.schema, self.provenance, units=converted)

    def to_dict(self) -> dict[str, Any]:
        """Fields by name."""
        return dict(self._fields)

    def cite(self) -> str:
        """Text that says what to cite for this answer: the method, its references, the data."""
        schema = self.schema
        authors = f"{', '.join(schema.authors)}: " if schema.authors else ""
        lines = [f"{authors}{schema.name} {schema.version}, {schema.summary.rstrip('.')}."]
        lines += [f"https://doi.org/{one['doi']}" for one in schema.citations if "doi" in one]
        lines += [f"{record}, {name} (sha256 {digest})" for record, name, digest in self.provenance.inputs]
        return "\n".join(lines)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self._fields:
                return self._fields[name]
            close = difflib.get_close_matches(name, self.__dir__(), n=3)
            meant = f"did you mean {' or '.join(close)}?" if close else f"its fields: {', '.join(self._fields)}"
            raise AttributeError(f"this {self.result_type} has no {name!r}; {meant}", name=name, obj=self)
        raise AttributeError(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let ``copy`` and the user's own worker processes make it again."""
        return _made_again, (type(self), self._fields, self.schema, self.provenance, dict(self.units))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._fields})

    def __repr__(self) -> str:
        lines = [f"{self.result_type} of {self.method} {self.version}"]
        lines += [f"  {name:<{self._width}}  {kind}  {shown}" for name, kind, shown in self._rows()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        title = html.escape(f"{self.result_type} of {self.method} {self.version}")
        return f"<table><caption>{title}</caption>{rows}</table>"

    @property
    def _width(self) -> int:
        return max(map(len, self._fields), default=0)

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for name, value in self._fields.items():
            yield name, _kind(self._declared[name], self.units[name]), _shown(value)


class Scalar(Result):
    """One number, or a few."""


class Text(Result):
    """Texts."""


class Table(Result):
    """Columns of equal length."""


class Array(Result):
    """Arrays with named axes."""


class TimeSeries(Result):
    """Something for each frame; ``frames`` are their indices in the file, ``times`` their times in ps."""


class Histogram(Result):
    """Counts or densities over bins."""


class Matrix(Result):
    """Something for each pair."""


class Structure(Result):
    """Positions of atoms, and what they are."""


class Composite(Result):
    """Fields of several kinds."""


_CLASSES = {one.__name__: one for one in (Scalar, Text, Table, Array, TimeSeries, Histogram, Matrix, Structure)}


def result_class(result_type: str) -> type[Result]:
    """Class of a result type; ``Composite`` for those that have none of their own yet."""
    return _CLASSES.get(result_type, Composite)


def _made_again(
    kind: type[Result], fields: Mapping[str, Any], schema: MethodSchema, provenance: Provenance, units: dict[str, str]
) -> Result:
    for value in fields.values():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    return kind(fields, schema, provenance, units=units)


def _factor(unit: str, target: str) -> float | None:
    """Number to multiply with, or None if the two measure different things."""
    units.factor(target, target)  # an unknown unit is the caller's mistake, whatever the fields are
    try:
        return units.factor(unit, target)
    except ArgumentError:
        return None


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_scaled(row, factor) for row in value)
    scaled = value * factor
    if isinstance(scaled, np.ndarray):
        scaled.flags.writeable = False
    return scaled


def _kind(field: ResultField, unit: str) -> str:
    axes = f" ({', '.join(field.dims)})" if field.dims else ""
    return f"{field.dtype}{axes}" + (f", {unit}" if unit else "")


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "fiu":
        return f"{'x'.join(map(str, value.shape))}: {value.min():g} to {value.max():g}, mean {value.mean():g}"
    if isinstance(value, np.ndarray):
        return f"{'x'.join(map(str, value.shape))}: {np.array2string(value.reshape(-1)[:6], separator=', ')}"
    if isinstance(value, tuple):
        return f"{len(value)} rows"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."
