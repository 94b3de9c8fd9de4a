"""A result as named arrays over named axes, as xarray and netCDF have it: one spelling for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.fields import fields_in_units
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result


@dataclass(frozen=True, slots=True)
class Variable:
    """One array of a data set."""

    name: str
    #: Each name once: a matrix of atoms by atoms is over ``atom`` and ``atom_2``.
    dims: tuple[str, ...]
    #: Array of numpy or at a site; a single text is a Python one.
    values: Any
    #: ``units`` and ``long_name``, where there are any.
    attrs: dict[str, str]


def variables(result: Result) -> list[Variable]:
    """All that a result says, as arrays; optional fields that are absent are left out.

    A field whose rows differ in length becomes ``NAME_values`` and ``NAME_offsets`` (row *i* is
    ``values[offsets[i]:offsets[i + 1]]``).

    Raises
    ------
    ArgumentError
        If two of them would have one name.
    """
    found = list(_variables(result))
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(f"{name!r} would mean two things in a data set", remedy="save it as .safetensors")
    # A variable may have the name of an axis only if it is over that axis alone, and says where its entries are.
    foreign = {one.name for one in found if one.dims != (one.name,)}
    return [replace(one, dims=tuple(f"{axis}_axis" if axis in foreign else axis for axis in one.dims)) for one in found]


def _variables(result: Result) -> Iterator[Variable]:
    fields = result.to_dict()
    for one in fields_in_units(result.schema.result, result.units):
        value = fields[one.name]
        if value is None:
            continue
        attrs = {name: text for name, text in (("units", one.unit), ("long_name", one.doc)) if text}
        if "*" in one.dims:
            joined = np.concatenate([np.empty(0, one.dtype), *value])
            yield Variable(f"{one.name}_values", (f"{one.name}_value",), joined, attrs)
            yield Variable(f"{one.name}_offsets", (f"{one.name}_offset",), row_offsets(value), {})
        elif one.dims or one.dtype == "string":
            yield Variable(one.name, _each_once(one.dims), value, attrs)
        else:
            yield Variable(one.name, (), np.array(value, one.dtype), attrs)


def row_offsets(rows: tuple[Any, ...]) -> Any:
    """Where each row begins among the joined values, and where the last one ends: int64, one more than rows."""
    return np.cumsum([0, *map(len, rows)], dtype=np.int64)


def _each_once(dims: tuple[str, ...]) -> tuple[str, ...]:
    counts = [dims[:position].count(name) for position, name in enumerate(dims)]
    return tuple(f"{name}_{count + 1}" if count else name for name, count in zip(dims, counts, strict=True))


def attributes(result: Result) -> dict[str, str]:
    """What a data set says of itself: what ran, where, on which data, and what to cite."""
    provenance = result.provenance
    return {
        "title": result.schema.summary,
        "result_type": result.result_type,
        "method": f"{result.method} {result.version}",
        "site": result.site,
        "operation": result.operation,
        "source": "; ".join(f"{record}/{name} (sha256 {digest})" for record, name, digest in provenance.inputs),
        "references": result.cite(),
    }
