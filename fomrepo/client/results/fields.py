"""From a result container to checked fields. The site may lie: every claim is held against the method's schema."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from mmap import mmap
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fomrepo.errors import OutcomeRefusedError
from fomrepo.model.container import DTYPES, PREFIX, Container, Tensor, header_end, parse_header
from fomrepo.model.methods import FIELD_DTYPES, FIXED_DIMS, ResultField, ResultSchema

#: Where a container lies: in memory, or in a file that is mapped into it.
Buffer: TypeAlias = bytes | memoryview | mmap

#: What the harness adds to every TimeSeries.
TIME_SERIES_FIELDS = (
    ResultField("frames", "int64", ("frame",), "", "Index of each frame in the file."),
    ResultField("times", "float64", ("frame",), "ps", "Time of each frame."),
)
_WHOLE = ("int64", "int32", "uint8", "bool")


def declared_fields(schema: ResultSchema) -> tuple[ResultField, ...]:
    """Fields that a result has: those that the harness adds, and those of the schema."""
    return (TIME_SERIES_FIELDS if schema.type == "TimeSeries" else ()) + schema.fields


def fields_in_units(schema: ResultSchema, units: Mapping[str, str]) -> tuple[ResultField, ...]:
    """Fields as they are in these units: whole numbers that were converted are float64."""
    return tuple(
        replace(one, unit=units[one.name], dtype="float64" if one.dtype in _WHOLE else one.dtype)
        if units[one.name] != one.unit
        else one
        for one in declared_fields(schema)
    )


def read_fields(buffer: Buffer, schema: ResultSchema) -> dict[str, Any]:
    """Map a container's fields into numpy, without copying numbers.

    Returns
    -------
    dict
        By name: a read-only array; a Python number or text where there are no dims; a tuple of arrays where rows differ
        in length; None for an optional field that is absent.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed or is not what the schema declares.
    """
    end = header_end(bytes(buffer[:PREFIX]), len(buffer))
    container = parse_header(bytes(buffer[PREFIX:end]), len(buffer))
    if container.outcome != {"status": "ok"}:
        raise _refused("it does not say that the method succeeded")
    return fields_of(container, declared_fields(schema), partial(array_in, buffer))


def fields_of(
    container: Container,
    declared: Iterable[ResultField],
    array_of: Callable[[Tensor], Any],
    value_of: Callable[[ResultField, Mapping[str, Any], dict[str, int]], Any] | None = None,
) -> dict[str, Any]:
    """Make the fields of a container whose header was read; see :func:`read_fields`.

    Parameters
    ----------
    container
        The header.
    declared
        Fields that it must have, and no others.
    array_of
        Gives the array of a tensor, or what stands for it.
    value_of
        As :func:`field_value`, which it is if None.
    """
    left = dict(container.tensors)
    sizes = dict(FIXED_DIMS)
    fields: dict[str, Any] = {}
    for field in declared:
        parts = {suffix: (field.name + suffix, dtype) for suffix, dtype in _spelling(field)}
        if field.optional and not any(name in container.tensors for name, _ in parts.values()):
            fields[field.name] = None
            continue
        taken = {suffix: array_of(_take(left, name, dtype)) for suffix, (name, dtype) in parts.items()}
        fields[field.name] = (value_of or field_value)(field, taken, sizes)
    if left:
        raise _refused(f"it has {next(iter(left))!r}, which the method does not declare")
    return fields


def _spelling(field: ResultField) -> tuple[tuple[str, str], ...]:
    """Suffixes and dtypes of the tensors that spell a field."""
    plain = FIELD_DTYPES[field.dtype]
    return ((":values", plain[0][1]), (":offsets", "I64")) if "*" in field.dims else plain


def array_in(buffer: Buffer, tensor: Tensor, *, begins: int = 0) -> npt.NDArray[Any]:
    """Map a tensor out of a buffer that begins at this byte of the container."""
    size, dtype = DTYPES[tensor.dtype]
    count = (tensor.end - tensor.start) // size
    flat = np.frombuffer(buffer, dtype, count, tensor.start - begins) if count else np.empty(0, dtype)
    try:
        return _frozen(flat.reshape(tensor.shape))
    except ValueError:  # no bytes, but axes that are longer than an address: (0, 2**62)
        raise _refused(f"{tensor.name!r} has the impossible shape {tensor.shape}") from None


def _take(left: dict[str, Tensor], name: str, dtype: str) -> Tensor:
    if name not in left:
        raise _refused(f"it has no {name!r}")
    if left[name].dtype != dtype:
        raise _refused(f"{name!r} is {left[name].dtype}, the method declares {dtype}")
    return left.pop(name)


def field_value(field: ResultField, taken: Mapping[str, npt.NDArray[Any]], sizes: dict[str, int]) -> Any:
    """Make the value of a field from the arrays that spell it, and hold it against what is declared.

    Parameters
    ----------
    field
        As the method declares it.
    taken
        Arrays by the suffixes of docs/outcome-format.md; of the dtypes that belong to the field.
    sizes
        Lengths of named axes that other fields told; those of this field are added.

    Raises
    ------
    OutcomeRefusedError
        If they are not what is declared.
    """
    if "*" in field.dims:
        borders = _borders(field, taken[":offsets"], taken[":values"])
        check_shape(field, (len(borders) - 1,), sizes)
        return tuple(taken[":values"][first:last] for first, last in itertools.pairwise(borders))
    if field.dtype == "string":
        borders = _borders(field, taken[":offsets"], taken[":utf8"])
        if not field.dims and len(borders) != 2:
            raise _refused(f"{field.name!r} has {len(borders) - 1} texts, the method declares one")
        check_shape(field, (len(borders) - 1,) if field.dims else (), sizes)
        texts = _texts(field, taken[":utf8"].tobytes(), borders)
        return _frozen(np.array(texts, dtype=np.dtypes.StringDType())) if field.dims else texts[0]
    if field.dtype == "complex128":
        if taken[":real"].shape != taken[":imag"].shape:
            raise _refused(f"the real and the imaginary part of {field.name!r} differ in shape")
        value = np.empty(taken[":real"].shape, np.complex128)
        value.real, value.imag = taken[":real"], taken[":imag"]  # a sum would make NaN of a part that is infinite
        value = _frozen(value)
    else:
        value = taken[""]
    if field.dtype == "bool" and (value.view(np.uint8) > 1).any():
        raise _refused(f"{field.name!r} holds bytes that are neither true nor false")
    check_shape(field, value.shape, sizes)
    return value if field.dims else value.item()


def check_shape(field: ResultField, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
    """Hold axes against the names that other fields gave sizes to."""
    names = tuple(name for name in field.dims if name != "*")
    if len(shape) != len(names):
        raise _refused(f"{field.name!r} has {len(shape)} axes, the method declares {len(names)}")
    for name, size in zip(names, shape, strict=True):
        if sizes.setdefault(name, size) != size:
            raise _refused(f"the axis {name!r} of {field.name!r} has {size} entries, elsewhere {sizes[name]}")


def _borders(field: ResultField, offsets: npt.NDArray[Any], values: npt.NDArray[Any]) -> list[int]:
    if offsets.ndim != 1 or values.ndim != 1 or not offsets.size:
        raise _refused(f"{field.name!r} has no borders between its rows")
    if offsets[0] != 0 or offsets[-1] != values.size or (offsets[1:] < offsets[:-1]).any():
        raise _refused(f"the borders between the rows of {field.name!r} do not cover its values")
    return list(map(int, offsets))


def _texts(field: ResultField, utf8: bytes, borders: list[int]) -> list[str]:
    try:
        return [utf8[first:last].decode("utf-8") for first, last in itertools.pairwise(borders)]
    except UnicodeDecodeError:
        raise _refused(f"{field.name!r} holds bytes that are no UTF-8") from None


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _refused(why: str) -> OutcomeRefusedError:
    return OutcomeRefusedError(f"the site's answer is not what the method declares: {why}")
