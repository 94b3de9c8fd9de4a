"""Values in blocks of bounded size: what is larger than memory is written, drawn and summed in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

#: Bytes of one block: large enough for a disk and a site, small enough for any machine.
BLOCK_BYTES = 4 * 2**20


def rows_in_block(shape: tuple[int, ...], itemsize: int, block_bytes: int = BLOCK_BYTES) -> int:
    """How many rows along the first axis make a block; at least one."""
    return max(1, block_bytes // max(1, prod(shape[1:]) * itemsize))


def blocks_of(values: Any) -> Iterator[npt.NDArray[Any]]:
    """Values in C order, in blocks of whole rows; each is contiguous and little-endian.

    Parameters
    ----------
    values
        An array of numpy, or one that lies at a site.
    """
    if not isinstance(values, np.ndarray):
        yield from values.blocks()
        return
    if not values.ndim:
        values = values.reshape(1)
    rows = rows_in_block(values.shape, values.itemsize)
    little = values.dtype.newbyteorder("<")
    for first in range(0, len(values), rows):
        yield np.ascontiguousarray(values[first : first + rows], dtype=little)
