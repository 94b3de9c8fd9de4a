"""Guest: a result of 1 MiB."""

import numpy as np


def megabyte(universe, frames, *, salt):
    """Repeat a number."""
    return {"values": np.full(2**20 // 8, salt)}
