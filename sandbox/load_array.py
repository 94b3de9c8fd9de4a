"""Guest: opens one array of numbers (NPY), mapped, so that only what is looked at is read."""

from __future__ import annotations

import numpy as np

from sandbox.request import DataFile

PLAIN_KINDS = "biufcSU"  # numbers and texts; no Python objects, no records
HEADER_LIMIT = 10_000  # bytes of text that numpy parses; the header of a plain array has 128


def open_array(files: tuple[DataFile, ...]) -> np.ndarray:
    """Map the array of the one file, read-only; numpy refuses Python objects in it, which only pickle could read."""
    file = files[-1]
    if file.type != "NPY":
        raise ValueError(f"no array can be made of {file.type}")
    array = np.lib.format.open_memmap(file.path, mode="r", max_header_size=HEADER_LIMIT)
    if array.dtype.kind not in PLAIN_KINDS:
        raise ValueError(f"it holds {array.dtype}, which is no plain number or text")
    return array
