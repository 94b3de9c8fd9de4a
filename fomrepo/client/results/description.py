"""What a saved result says of itself, beside its numbers: method, provenance and units, as one JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fomrepo.client.results.fields import declared_fields
from fomrepo.errors import ArgumentError, FomrepoError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import Provenance
from fomrepo.model.units import factor
from fomrepo.wire.methods import schema_from_wire, schema_to_wire

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result


@dataclass(frozen=True, slots=True)
class Description:
    """Everything of a saved result but its fields."""

    schema: MethodSchema
    provenance: Provenance
    units: Mapping[str, str]


def described(result: Result) -> dict[str, Any]:
    """Describe a result so that :func:`read_description` makes the same of it."""
    return {
        "schema": schema_to_wire(result.schema),
        "provenance": result.provenance.to_json(),
        "units": dict(result.units),
    }


def read_description(told: Mapping[str, Any]) -> Description:
    """Read what :func:`described` made; the file may come from anybody.

    Raises
    ------
    ValueError
        If a part is missing or is not what it should be; the text says which.
    """
    if set(told) != {"schema", "provenance", "units"} or not isinstance(told["schema"], str):
        raise ValueError("it does not say which method made it")
    try:
        schema = schema_from_wire(told["schema"])
        provenance = Provenance.from_json(told["provenance"])
    except FomrepoError as error:
        raise ValueError(f"its method is not described well: {error.message}") from None
    except (TypeError, ValueError, KeyError, RecursionError):
        raise ValueError("it does not say where it came from") from None
    units = told["units"]
    names = {one.name: one.unit for one in declared_fields(schema.result)}
    if not isinstance(units, dict) or set(units) != set(names):
        raise ValueError("it does not say the units of its fields")
    for name, unit in units.items():
        try:
            factor(names[name], unit)
        except (ArgumentError, TypeError):
            raise ValueError(f"{name!r} cannot be in {str(unit)[:40]!r}") from None
    return Description(schema, provenance, units)


def description_text(result: Result) -> str:
    """Spell :func:`described` as JSON."""
    return canonical_json(described(result)).decode()


def description_from_text(text: str) -> Description:
    """Read what :func:`description_text` wrote.

    Raises
    ------
    ValueError
        As :func:`read_description` does.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("its description is no JSON") from None
    if not isinstance(told, dict):
        raise ValueError("its description is no JSON object")
    return read_description(told)
