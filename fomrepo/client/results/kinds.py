"""The closed set of result types (:data:`fomrepo.model.methods.RESULT_TYPES`), each with its class."""

from __future__ import annotations

from fomrepo.client.results.content import Figure, FileRef
from fomrepo.client.results.result import Result
from fomrepo.client.results.structure import Structure

__all__ = [
    "Array",
    "Composite",
    "Figure",
    "FileRef",
    "Histogram",
    "Matrix",
    "Scalar",
    "Structure",
    "Table",
    "Text",
    "TimeSeries",
    "result_class",
]


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
    """Counts or densities over bins; a field that ends in ``edges`` or else the first one says where these are."""


class Matrix(Result):
    """Something for each pair; a field over one of the axes alone says what its rows or columns are."""


class Composite(Result):
    """Fields of several kinds."""


_CLASSES: dict[str, type[Result]] = {
    one.__name__: one
    for one in (
        Scalar, Text, Table, Array, TimeSeries, Histogram, Matrix, Structure, Figure, FileRef, Composite,
    )
}  # fmt: skip


def result_class(result_type: str) -> type[Result]:
    """Class of a result type."""
    return _CLASSES[result_type]
