"""``.nc``: netCDF-4, which xarray, ncdump, MATLAB, R and every program that reads HDF5 open.

Written without compression, so that the bytes of arrays are the bytes in the file. When it is read back, HDF5's own
features that reach beyond the file or beyond its size (links, external and virtual data, chunks that were never
written) are refused before anything is allocated. The parser is HDF5's: open files of strangers as ``.safetensors``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fomrepo.client.results.as_xarray import coordinates
from fomrepo.client.results.blocks import blocks_of
from fomrepo.client.results.description import Description, description_from_text, description_text
from fomrepo.client.results.fields import field_value, fields_in_units
from fomrepo.client.results.optional import imports_for
from fomrepo.client.results.variables import Variable, attributes, row_offsets, variables
from fomrepo.errors import ArgumentError
from fomrepo.model.methods import FIXED_DIMS, ResultField

if TYPE_CHECKING:
    import h5netcdf
    import h5py

    from fomrepo.client.results.result import Result

#: Variable that holds the description, as bytes of JSON.
DESCRIPTION = "fomrepo_description"
#: Longest description: the provenance may list a million frames.
DESCRIPTION_LIMIT = 32 * 2**20
#: Characters of an attribute: HDF5 has room for 64 KiB, and a character takes at most four bytes.
ATTRIBUTE_LIMIT = 15_000
_NUMBERS = {"float64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4", "uint8": "|u1", "bool": "|i1"}
_EXACT = "save it as .safetensors"


def write_netcdf(result: Result, path: Path) -> None:
    """Write every field as a variable with its dims, its unit and what it means.

    netCDF has no truth values, no complex numbers and no texts with NUL: bool is int8 (xarray makes it bool again),
    a complex field is ``NAME_real`` and ``NAME_imag``, and such a text is refused.

    Raises
    ------
    ArgumentError
        If a name would mean two things, or a text holds NUL.
    SettingsError
        If h5netcdf is not installed.
    """
    with imports_for("saving netCDF"):
        import h5netcdf
    told = np.frombuffer(description_text(result).encode(), np.uint8)
    spelt = [part for one in variables(result) for part in _spelt(one)]
    spelt.append(Variable(DESCRIPTION, (f"{DESCRIPTION}_byte",), told, {"long_name": "for fomrepo.load()"}))
    places = coordinates(result)
    with h5netcdf.File(path, "w") as file:
        file.attrs.update(_attributes({**attributes(result), "Conventions": "CF-1.11"}))
        for one in spelt:
            if one.name in file.variables:
                raise ArgumentError(f"{one.name!r} would mean two things in a netCDF file", remedy=_EXACT)
            written = _write(file, one)
            if places and one.dims[:1] == ("frame",) and one.name not in places:
                written.attrs["coordinates"] = " ".join(places)


def read_netcdf(path: Path) -> tuple[dict[str, Any], Description]:
    """Read fields and description back; every byte may be anybody's.

    Raises
    ------
    ValueError
        If the file is damaged or is not one that :func:`write_netcdf` writes; the text says what is wrong.
    SettingsError
        If h5py is not installed.
    """
    with imports_for("opening netCDF"):
        import h5py
    try:
        with h5py.File(path, "r") as file:
            text = _numbers(file, DESCRIPTION, np.dtype("u1"), limit=DESCRIPTION_LIMIT).tobytes()
            description = description_from_text(text.decode("utf-8"))
            sizes = dict(FIXED_DIMS)
            declared = fields_in_units(description.schema.result, description.units)
            return {one.name: _read(file, one, sizes) for one in declared}, description
    except (OSError, KeyError, RuntimeError) as error:  # what HDF5 says of a damaged file
        raise ValueError(f"it cannot be read: {error}") from None


def _spelt(one: Variable) -> Iterator[Variable]:
    """Variables of types that netCDF has."""
    if isinstance(one.values, str):
        yield _characters(one, np.array([one.values]), ())
        return
    if one.values.dtype.kind == "T":
        yield _characters(one, one.values, one.dims)
    elif one.values.dtype.kind == "c":
        yield replace(one, name=f"{one.name}_real", values=one.values.real)
        yield replace(one, name=f"{one.name}_imag", values=one.values.imag)
    elif one.values.dtype.kind == "b":
        yield replace(one, attrs={**one.attrs, "dtype": "bool"})
    else:
        yield one


def _characters(one: Variable, texts: npt.NDArray[Any], dims: tuple[str, ...]) -> Variable:
    """Texts as rows of UTF-8 bytes of one length."""
    utf8 = [text.encode() for text in texts.tolist()]
    if any(b"\0" in text for text in utf8):
        raise ArgumentError(f"a text of {one.name!r} holds NUL, which netCDF cannot", remedy=_EXACT)
    width = max(map(len, utf8), default=0) or 1
    rows = np.array(utf8, f"S{width}").view("S1").reshape(*texts.shape, width)
    return Variable(
        one.name, (*dims, f"{one.name}_length"), rows if dims else rows[0], one.attrs | {"_Encoding": "utf-8"}
    )


def _write(file: h5netcdf.File, one: Variable) -> h5netcdf.Variable:
    for name, size in zip(one.dims, one.values.shape, strict=True):
        if name not in file.dimensions:
            file.dimensions[name] = size
    made = file.create_variable(one.name, one.dims, "i1" if one.values.dtype.kind == "b" else one.values.dtype)
    made.attrs.update(_attributes(one.attrs))
    first = 0
    for block in blocks_of(one.values):
        if one.dims:
            made[first : first + len(block)] = block
            first += len(block)
        else:
            made[...] = block[0]
    return made


def _attributes(told: Mapping[str, str]) -> dict[str, str]:
    """Texts as HDF5 takes them; the whole of what matters is in the description."""
    return {name: text.replace("\0", "")[:ATTRIBUTE_LIMIT] for name, text in told.items()}


def _read(file: h5py.File, field: ResultField, sizes: dict[str, int]) -> Any:
    """Read one field, from arrays of the very bytes that were written."""
    parts = {suffix: (field.name + ending, dtype) for suffix, ending, dtype in _endings(field)}
    if field.optional and not any(name in file for name, _ in parts.values()):
        return None
    taken = {suffix: _numbers(file, name, np.dtype(dtype)) for suffix, (name, dtype) in parts.items()}
    if field.dtype == "string":
        rows = taken.pop("")
        utf8 = [row.tobytes().rstrip(b"\0") for row in (rows if field.dims else rows[np.newaxis])]
        taken = {":utf8": np.frombuffer(b"".join(utf8), np.uint8), ":offsets": row_offsets(tuple(utf8))}
    elif field.dtype == "bool":
        taken[""] = taken[""].view(np.bool_)
    for array in taken.values():
        array.flags.writeable = False
    return field_value(field, taken, sizes)


def _endings(field: ResultField) -> Iterator[tuple[str, str, str]]:
    """For each variable that spells a field: suffix in the container, ending of its name, dtype."""
    if "*" in field.dims:
        yield ":values", "_values", _NUMBERS[field.dtype]
        yield ":offsets", "_offsets", "<i8"
    elif field.dtype == "complex128":
        yield ":real", "_real", "<f8"
        yield ":imag", "_imag", "<f8"
    else:
        yield "", "", "S1" if field.dtype == "string" else _NUMBERS[field.dtype]


def _numbers(file: h5py.File, name: str, dtype: np.dtype[Any], *, limit: int | None = None) -> npt.NDArray[Any]:
    """Read an array that lies whole in this file; what HDF5 claims of it is compared with the file first.

    1. The name leads to an array of this file: no soft or external link. 2. Its type is the expected one. 3. Its bytes
    are stored here, all of them, and fit into the file: not elsewhere, not in a virtual data set, not in a filter.
    """
    import h5py

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"it has no {name!r}")
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.dtype != dtype:
        raise ValueError(f"{name!r} is no array of {dtype}")
    here = Path(file.filename).stat().st_size if limit is None else min(limit, Path(file.filename).stat().st_size)
    if data.is_virtual or data.external or data.id.get_storage_size() != data.nbytes or data.nbytes > here:
        raise ValueError(f"{name!r} was written by another program, or is damaged; open the file with xarray")
    return np.asarray(data[()], order="C").reshape(data.shape)
