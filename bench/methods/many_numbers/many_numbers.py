"""Guest: a large result."""

import numpy as np


def many_numbers(universe, frames, *, mebibytes):
    """Count."""
    return {"values": np.arange(mebibytes * 2**20 // 8, dtype=np.float64)}
