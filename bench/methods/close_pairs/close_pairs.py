"""Guest: an analysis that takes about a second on 98 frames, nearly all of it arithmetic."""

import numpy as np

CUTOFF_ANGSTROM = 8.0


def close_pairs(universe, frames, *, salt):
    """Compare every pair of backbone atoms in every frame."""
    atoms = universe.select_atoms("backbone")
    counts = []
    for _ in frames:
        positions = atoms.positions.astype(np.float64)
        differences = positions[:, None, :] - positions[None, :, :]
        close = np.einsum("ijx,ijx->ij", differences, differences) < CUTOFF_ANGSTROM**2
        counts.append((np.count_nonzero(close) - len(positions)) // 2)
    return {"close_pairs": np.array(counts, dtype=np.int64)}
