"""Fields of a result in other units: only when it is asked for, and never silently not at all."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from fomrepo.client.results.remote_array import RemoteArray
from fomrepo.client.results.remote_fields import RemoteField
from fomrepo.errors import ArgumentError
from fomrepo.model.units import factor


def converted(
    fields: Mapping[str, Any], units: Mapping[str, str], wanted: tuple[str, ...], by_field: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Convert fields, and say in which unit each is then.

    Parameters
    ----------
    fields, units
        Values, and the unit of each.
    wanted
        Units for all fields that measure the same thing.
    by_field
        Units for single fields.

    Raises
    ------
    ArgumentError
        If a unit is unknown or fits no field, or a field does not exist or has no such unit.
    """
    found, given = dict(fields), dict(units)
    for unit in wanted:
        fitting = [name for name in fields if name not in by_field and _factor(units[name], unit) is not None]
        if not fitting:
            have = ", ".join(f"{name} in {one}" for name, one in units.items() if one)
            remedy = f"it has {have}" if have else "none of its fields has a unit"
            raise ArgumentError(f"no field of this result can be given in {unit!r}", remedy=remedy)
        for name in fitting:
            found[name], given[name] = _scaled(fields[name], factor(units[name], unit)), unit
    for name, unit in by_field.items():
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"its fields: {', '.join(fields)}"
            raise ArgumentError(f"this result has no field {name!r}", remedy=remedy)
        found[name], given[name] = _scaled(fields[name], factor(units[name], unit)), unit
    return found, given


def _factor(unit: str, target: str) -> float | None:
    """Number to multiply with, or None if the two measure different things."""
    factor(target, target)  # an unknown unit is the caller's mistake, whatever the fields are
    try:
        return factor(unit, target)
    except ArgumentError:
        return None


def _scaled(value: Any, by: float) -> Any:
    if by == 1.0 or value is None:
        return value
    if isinstance(value, RemoteArray):
        return value.scaled(by)
    if isinstance(value, RemoteField):
        return value.followed_by(partial(_scaled, by=by))
    if isinstance(value, tuple):
        return tuple(_scaled(row, by) for row in value)
    scaled = value * by
    if isinstance(scaled, np.ndarray):
        scaled.flags.writeable = False
    return scaled
