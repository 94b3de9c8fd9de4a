"""Results as pandas has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.columns import Columns, columns_of
from fomrepo.client.results.optional import imports_for

if TYPE_CHECKING:
    import pandas

    from fomrepo.client.results.result import Result


def as_pandas(result: Result, over: str = "") -> pandas.Series | pandas.DataFrame:
    """Make a frame of the columns of a result, or a series of the numbers of one that has no axis."""
    with imports_for("to_pandas()"):
        import pandas
    columns = columns_of(result, over or ("frame" if result.result_type == "TimeSeries" else ""))
    if columns.axis:
        made: pandas.Series | pandas.DataFrame = _frame(result, columns)
    else:
        made = pandas.Series(dict(columns.beside), name=result.method, dtype=object).infer_objects()
    made.attrs = {"units": dict(result.units), "provenance": json.loads(result.provenance.to_json())}
    if columns.axis:
        made.attrs["beside"] = {name: np.asarray(value).tolist() for name, value in columns.beside.items()}
    if columns.left_out:
        made.attrs["left_out"] = list(columns.left_out)
    return made


def _frame(result: Result, columns: Columns) -> pandas.DataFrame:
    import pandas

    single = {name: _plain(value) for name, value in columns.single.items()}
    if len(columns.double) == 1 and len(single) <= 1 and result.result_type != "TimeSeries":  # rows may have labels
        ((name, values),) = columns.double.items()
        index = pandas.Index(next(iter(single.values()), range(len(values))), name=columns.axis)
        heads = pandas.Index(columns.labels[name], name=result.dims[name][1])
        return pandas.DataFrame(np.asarray(values), index, heads)
    for name, values in columns.double.items():
        block = np.asarray(values)
        single |= {f"{name}_{label}": block[:, number] for number, label in enumerate(columns.labels[name])}
    frame = pandas.DataFrame(single)
    return frame.set_index("times") if "times" in frame else frame.rename_axis(columns.axis)


def _plain(value: Any) -> Any:
    """As an array of a type that pandas knows."""
    array = value if np.isscalar(value) else np.asarray(value)
    return array.astype(object) if isinstance(array, np.ndarray) and array.dtype.kind == "T" else array
