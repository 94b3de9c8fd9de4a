"""What every answer of a method has, of whatever type: fields with dims and units, and where they came from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.citation import citation
from fomrepo.client.results.conversion import converted
from fomrepo.client.results.fields import declared_fields
from fomrepo.client.results.remote_fields import RemoteField
from fomrepo.client.results.shown import result_html, result_text
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.client.unchanging import Unchanging
from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import Provenance

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes


class Result(Unchanging):
    """An answer of a method: its fields are attributes.

    Parameters
    ----------
    fields
        Values by name, as :func:`~fomrepo.client.results.fields.read_fields` makes them.
    schema
        Of the method that ran.
    provenance
        Where the answer came from.
    units
        Unit of each field; those that the schema declares if None.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        schema: MethodSchema,
        provenance: Provenance,
        *,
        units: Mapping[str, str] | None = None,
    ) -> None:
        declared = declared_fields(schema.result)
        self._fields = dict(fields)
        #: Schema of the method that ran.
        self.schema = schema
        #: Where the answer came from: site, operation, digests, arguments.
        self.provenance = provenance
        #: Unit of each field; empty for plain numbers and texts.
        self.units: Mapping[str, str] = MappingProxyType(
            {one.name: one.unit for one in declared} if units is None else dict(units)
        )
        #: Named axes of each field.
        self.dims: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.dims for one in declared})
        self._made()

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self._fields)

    @property
    def result_type(self) -> str:
        """One of the closed set of result types, such as ``TimeSeries``."""
        return self.schema.result.type

    @property
    def method(self) -> str:
        """Name of the method that ran."""
        return self.provenance.method

    @property
    def version(self) -> str:
        """Version of the method that ran."""
        return self.provenance.version

    @property
    def cached(self) -> bool:
        """Whether you had asked this before and nothing was computed."""
        return self.provenance.cached

    @property
    def site(self) -> str:
        """Site that ran the method."""
        return self.provenance.site

    @property
    def operation(self) -> str:
        """Id of the operation that this answers."""
        return self.provenance.operation

    @short_tracebacks
    def to(self, *units: str, **by_field: str) -> Result:
        """Return the same result in other units; nothing else changes.

        Parameters
        ----------
        units
            Each is taken by every field that measures the same thing: ``to("nm", "ns")``. ``"nm"`` converts lengths,
            not areas: those take ``"nm**2"``.
        by_field
            Units of single fields, which come before the others: ``to(times="ns")``.

        Raises
        ------
        ArgumentError
            If no field can be given in a unit, or a field not in the one that was named for it.
        """
        fields, found = converted(self._fields, self.units, units, by_field)
        return type(self)(fields, self.schema, self.provenance, units=found)

    def to_dict(self) -> dict[str, Any]:
        """Fields by name."""
        return {name: _here(value) for name, value in self._fields.items()}

    @short_tracebacks
    def to_pandas(self, over: str = "") -> pandas.Series | pandas.DataFrame:
        """Give it as pandas has it, a row for each entry of the axis that its fields share.

        Parameters
        ----------
        over
            The axis of the rows, such as ``"bond"``: fields over others are left out, and named in ``attrs``. Empty:
            the frames of a TimeSeries, and of other types the one that all fields share.

        Returns
        -------
        pandas.Series or pandas.DataFrame
            A TimeSeries is indexed by time; a single field over two axes is a frame of rows and columns; numbers
            without an axis are a Series. ``attrs`` hold units, texts and numbers without an axis, and the provenance.

        Raises
        ------
        ArgumentError
            If the fields share no axis, or none lies over the wanted one: ``to_xarray()`` takes any.
        SettingsError
            If pandas is not installed.
        """
        from fomrepo.client.results.as_pandas import as_pandas

        return as_pandas(self, over)

    @short_tracebacks
    def to_xarray(self) -> xarray.Dataset:
        """Give it as xarray has it: a variable for each field, with its dims, its unit and what it means.

        Returns
        -------
        xarray.Dataset
            ``attrs`` say what ran, where and on which data. A field whose rows differ in length is two variables,
            ``NAME_values`` and ``NAME_offsets``; a complex one is a complex variable.

        Raises
        ------
        SettingsError
            If xarray is not installed.
        """
        from fomrepo.client.results.as_xarray import as_xarray

        return as_xarray(self)

    @short_tracebacks
    def plot(self, *fields: str, ax: Axes | None = None) -> Axes:
        """Draw it with matplotlib, axes labelled with their units.

        Parameters
        ----------
        fields
            Which; if none is named, the first one that can be drawn, with those of the same unit on the same axis.
        ax
            Where to; a new figure if None.

        Returns
        -------
        matplotlib.axes.Axes
            Change of it what you like.

        Raises
        ------
        ArgumentError
            If there is nothing that can be drawn; the message says what to do instead.
        SettingsError
            If matplotlib is not installed.
        """
        from fomrepo.client.results.plots import plot

        return plot(self, fields, ax)

    @short_tracebacks
    def save(self, path: str | Path) -> Path:
        """Write it into a file that opens without this package; the suffix says in which format.

        ``.safetensors`` and ``.nc`` keep everything, and :func:`fomrepo.load` makes the same result of them; ``.json``,
        ``.npz`` and ``.csv`` keep the numbers, ``.pdb`` a Structure.

        Parameters
        ----------
        path
            Of the file; one that exists is replaced once the new one is whole.

        Returns
        -------
        pathlib.Path
            Of the file.

        Raises
        ------
        ArgumentError
            If the suffix names no format, or this result does not fit into it.
        StorageError
            If the file cannot be written.
        """
        from fomrepo.client.results.saving import save

        return save(self, Path(path))

    def explain(self) -> str:
        """Text that says where this answer comes from: which method, where and how it ran, on which bytes."""
        told = self.provenance
        came = "your earlier answer, " if told.cached else ""
        lines = [
            f"{told.method} {told.version} ({told.method_digest[:12]})",
            f"{came}computed at {told.site} in {told.wall_s:.3g} s, {told.way}; operation {told.operation}",
            *(f"  read {record}/{name} ({digest[:12]})" for record, name, digest in told.inputs),
            *(f"  {site} was asked before: {why}" for site, why in told.detours),
        ]
        return "\n".join(lines)

    def cite(self) -> str:
        """Text that says what to cite for this answer: the method, its references, the data, the software."""
        return citation(self.schema, self.provenance)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self._fields:
                return _here(self._fields[name])
            close = difflib.get_close_matches(name, self.__dir__(), n=3)
            meant = f"did you mean {' or '.join(close)}?" if close else f"its fields: {', '.join(self._fields)}"
            raise AttributeError(f"this {self.result_type} has no {name!r}; {meant}", name=name, obj=self)
        raise AttributeError(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let ``copy`` and the user's own worker processes make it again."""
        return _made_again, (type(self), self._fields, self.schema, self.provenance, dict(self.units))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._fields})

    def __repr__(self) -> str:
        return result_text(self, self._fields)

    def _repr_html_(self) -> str:
        return result_html(self, self._fields)


def _here(value: Any) -> Any:
    """Value of a field, fetched now if it was left at the site as a whole."""
    return value.value() if isinstance(value, RemoteField) else value


def _made_again(
    kind: type[Result], fields: Mapping[str, Any], schema: MethodSchema, provenance: Provenance, units: dict[str, str]
) -> Result:
    for value in fields.values():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    return kind(fields, schema, provenance, units=units)
