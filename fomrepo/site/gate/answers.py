"""What a guest answered, as arrays. Only containers that ``check_method_outcome`` accepted are read here."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fomrepo.isolation.outcome import SERIES_FIELDS, read_container
from fomrepo.model.container import DTYPES, Container
from fomrepo.model.methods import ResultField, ResultSchema

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """One field of an answer."""

    field: ResultField
    #: All its numbers, rows that differ in length one after the other; texts as objects.
    values: Numbers
    #: Where rows begin and end in ``values``, (row + 1,); None where they do not differ in length.
    borders: Numbers | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes; of rows that differ in length, their number."""
        return self.values.shape if self.borders is None else (len(self.borders) - 1,)

    def nested(self) -> Any:
        """All of it as nested lists, as a golden case states a value."""
        if self.borders is None:
            return self.values.tolist()
        return [self.values[first:last].tolist() for first, last in itertools.pairwise(self.borders)]


def read_answer(path: Path, schema: ResultSchema) -> dict[str, Answered]:
    """Read all fields that are there, by name; numbers are mapped, not copied."""
    container = read_container(path)
    content = np.memmap(path, np.uint8, "r")
    fields = schema.fields + (SERIES_FIELDS if schema.type == "TimeSeries" else ())
    answered = (_field(content, container, one) for one in fields)
    return {one.field.name: one for one in answered if one is not None}


def _field(content: Numbers, container: Container, field: ResultField) -> Answered | None:
    def numbers(suffix: str) -> Numbers:
        tensor = container.tensors[field.name + suffix]
        return np.frombuffer(content[tensor.start : tensor.end], DTYPES[tensor.dtype][1]).reshape(tensor.shape)

    names = set(container.tensors)
    if field.name in names:
        return Answered(field, numbers(""), None)
    if field.name + ":values" in names:
        return Answered(field, numbers(":values"), numbers(":offsets"))
    if field.name + ":real" in names:
        return Answered(field, numbers(":real") + 1j * numbers(":imag"), None)
    if field.name + ":utf8" in names:
        text = numbers(":utf8").tobytes()
        rows = [text[first:last].decode() for first, last in itertools.pairwise(numbers(":offsets"))]
        texts = np.array(rows, dtype=object)
        return Answered(field, texts if field.dims else texts.reshape(()), None)
    return None
