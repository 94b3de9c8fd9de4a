"""Formats that hold the numbers of a result and little more: JSON, NumPy's .npz, CSV."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.blocks import blocks_of
from fomrepo.client.results.columns import columns_of
from fomrepo.client.results.variables import row_offsets
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: Rows of a CSV file that are made at once.
CSV_ROWS = 4096


def result_document(result: Result) -> dict[str, Any]:
    """A whole result as JSON has it; what is no number, or infinite, is null."""
    fields = {name: _plain(value) for name, value in result.to_dict().items()}
    return {**facts_of(result), "fields": fields}


def facts_of(result: Result) -> dict[str, Any]:
    """All but the numbers."""
    return {
        "method": result.method,
        "version": result.version,
        "type": result.result_type,
        "operation": result.operation,
        "site": result.site,
        "cached": result.cached,
        "units": dict(result.units),
        "dims": {name: list(dims) for name, dims in result.dims.items()},
        "provenance": json.loads(result.provenance.to_json()),
    }


def write_json(result: Result, path: Path) -> None:
    """Write :func:`result_document`."""
    path.write_text(json.dumps(result_document(result), ensure_ascii=False) + "\n", "utf-8")


def write_npz(result: Result, path: Path) -> None:
    """Write an array for each field; of one whose rows differ in length NAME_values and NAME_offsets."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in _arrays(result):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                _write_npy(value, member)


def write_csv(result: Result, path: Path) -> None:
    """Write a column for each field, headed ``name [unit]``; a field over a second axis is several columns.

    Raises
    ------
    ArgumentError
        If the fields share no axis.
    """
    try:
        columns = columns_of(result)
    except ArgumentError as error:
        raise ArgumentError(error.message, remedy="save it as .nc, .npz or .json, which hold every field") from None
    single, double = columns.single or ({} if columns.axis else columns.beside), columns.double
    heads = [_head(result, name, name) for name in single]
    heads += [_head(result, name, f"{name}_{label}") for name in double for label in columns.labels[name]]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        if not columns.axis:
            writer.writerow(single.values())
            return
        length = len(next(iter([*single.values(), *double.values()])))
        for first in range(0, length, CSV_ROWS):
            rows = [value[first : first + CSV_ROWS] for value in (*single.values(), *double.values())]
            writer.writerows(zip(*_cells(rows), strict=True))


def _head(result: Result, field: str, text: str) -> str:
    return f"{text} [{result.units[field]}]" if result.units[field] else text


def _cells(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Columns of single values; numbers are spelt so that reading them gives the same ones."""
    for one in rows:
        for column in one.T if one.ndim == 2 else [one]:
            yield column.tolist()


def _arrays(result: Result) -> Iterator[tuple[str, Any]]:
    for name, value in result.to_dict().items():
        if isinstance(value, tuple):
            yield f"{name}_values", np.concatenate(value) if value else np.empty(0)
            yield f"{name}_offsets", row_offsets(value)
        elif isinstance(value, str):
            yield name, np.array(value)
        elif value is not None:
            yield name, value if hasattr(value, "dtype") else np.asarray(value)


def _write_npy(value: Any, stream: Any) -> None:
    """Write an array as ``numpy.save`` does, block by block."""
    if value.dtype.kind == "T":
        value = np.array(value.tolist(), dtype=str)
    header = {"descr": value.dtype.newbyteorder("<").str, "fortran_order": False, "shape": value.shape}
    np.lib.format.write_array_header_2_0(stream, header)
    for block in blocks_of(value):
        stream.write(block.tobytes())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(row) for row in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    if hasattr(value, "dtype"):
        array = np.asarray(value)
        if array.dtype.kind == "c":
            return {"real": _plain(array.real), "imag": _plain(array.imag)}
        return _without_nan(array.tolist())
    return _without_nan(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))) else value
