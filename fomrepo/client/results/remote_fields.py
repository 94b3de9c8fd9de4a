"""Fields of a large result, of which only what is small was fetched. The site may lie: its header is checked first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fomrepo.client.results.fields import array_in, check_shape, declared_fields, field_value, fields_of
from fomrepo.client.results.remote_array import RemoteArray
from fomrepo.client.results.remote_bytes import RemoteBytes
from fomrepo.errors import OutcomeRefusedError
from fomrepo.model.container import PREFIX, Tensor, header_end, parse_header
from fomrepo.model.methods import ResultField, ResultSchema

#: Results of more bytes stay at the site until their fields are asked for.
HANDLE_FROM_BYTES = 64 * 2**20
#: Fields up to this size come at once.
EAGER_BYTES = 2**20
#: What is read first: the headers of most results, which have few fields.
FIRST_BYTES = 16 * 1024


class RemoteField:
    """A field that several arrays spell (texts, complex numbers, rows of several lengths): whole, once it is used."""

    def __init__(
        self,
        field: ResultField,
        parts: Mapping[str, Any],
        sizes: Mapping[str, int],
        then: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self._field, self._parts, self._sizes, self._then = field, parts, sizes, then
        self._lock = threading.Lock()
        self._value: tuple[Any, ...] = ()

    def value(self) -> Any:
        """Value of the field; it is fetched and checked the first time."""
        with self._lock:
            if not self._value:
                arrays = {suffix: np.asarray(one) for suffix, one in self._parts.items()}
                self._value = (self._then(field_value(self._field, arrays, dict(self._sizes))),)
            return self._value[0]

    def followed_by(self, then: Callable[[Any], Any]) -> RemoteField:
        """Return the same field, changed once it is there."""
        return RemoteField(self._field, self._parts, self._sizes, lambda value: then(self._then(value)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Become its value when it is sent to another process, which has no connection."""
        return _itself, (self.value(),)

    def __copy__(self) -> RemoteField:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> RemoteField:
        return self

    def __repr__(self) -> str:
        size = sum(one.nbytes for one in self._parts.values())
        return f"<RemoteField {self._field.dtype}, {size / 1e6:,.3g} MB at the site>"


def remote_fields(source: RemoteBytes, schema: ResultSchema) -> dict[str, Any]:
    """Read the header and what is small, and leave the rest where it is.

    Returns
    -------
    dict
        As :func:`~fomrepo.client.results.fields.read_fields`; large fields are a ``RemoteArray`` or a ``RemoteField``.

    Raises
    ------
    OutcomeRefusedError
        If the container is malformed or is not what the schema declares, as far as its header tells.
    """
    head = source.read(0, min(FIRST_BYTES, source.size))
    end = header_end(head[:PREFIX], source.size)
    if end > len(head):
        head += source.read(len(head), end)
    container = parse_header(head[PREFIX:end], source.size)
    if container.outcome != {"status": "ok"}:
        raise OutcomeRefusedError("the site's answer does not say that the method succeeded")

    def array_of(tensor: Tensor) -> Any:
        if tensor.end - tensor.start > EAGER_BYTES:
            return RemoteArray(source, tensor)
        return array_in(source.read(tensor.start, tensor.end), tensor, begins=tensor.start)

    return fields_of(container, declared_fields(schema), array_of, _value)


def _value(field: ResultField, taken: Mapping[str, Any], sizes: dict[str, int]) -> Any:
    """Value of a field that is here; of one that is not, what stands for it, once its shape was checked."""
    if not any(isinstance(one, RemoteArray) for one in taken.values()):
        return field_value(field, taken, sizes)
    if "" in taken:
        check_shape(field, taken[""].shape, sizes)
        return taken[""]
    return RemoteField(field, taken, sizes)


def _itself(value: Any) -> Any:
    return value
