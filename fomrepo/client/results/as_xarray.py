"""Results as xarray has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.optional import imports_for
from fomrepo.client.results.variables import attributes, variables

if TYPE_CHECKING:
    import xarray

    from fomrepo.client.results.result import Result


def as_xarray(result: Result) -> xarray.Dataset:
    """Make a data set with a variable for each field; times and frame numbers are coordinates."""
    with imports_for("to_xarray()"):
        import xarray
    data = {one.name: (one.dims, _plain(one.values), one.attrs) for one in variables(result)}
    dataset = xarray.Dataset(data, attrs=attributes(result))
    return dataset.set_coords(coordinates(result))


def coordinates(result: Result) -> list[str]:
    """Variables that say where others are."""
    return ["frames", "times"] if result.result_type == "TimeSeries" else []


def _plain(values: Any) -> Any:
    """As an array of a type that xarray knows; texts become objects."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "T" else array
