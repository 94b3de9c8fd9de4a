"""Guest: the periodic cells of many frames at once."""

from __future__ import annotations

import numpy as np

HALF_IS_ENOUGH = 0.999  # hexagonal cells lean by a half, but for rounding: they are left as they are


def lattice_vectors(boxes: np.ndarray) -> np.ndarray:
    """Return lattice vectors from lengths and angles.

    Parameters
    ----------
    boxes
        (frame, cell): a, b, c in any length unit, then alpha, beta, gamma in degree.

    Returns
    -------
    numpy.ndarray
        (frame, vector, xyz) float64, lower triangular: a along x, b in the xy plane.
    """
    lengths, angles = np.split(np.asarray(boxes, np.float64), 2, axis=-1)
    # Exact zeros for right angles: cos(90 degree) is 6e-17 in floating point.
    alpha, beta, gamma = np.where(angles == 90.0, 0.0, np.cos(np.radians(angles))).T
    sin_gamma = np.sqrt(1.0 - gamma**2)
    c_y = (alpha - beta * gamma) / sin_gamma
    c_z = np.sqrt(1.0 - beta**2 - c_y**2)
    zero = np.zeros_like(alpha)
    rows = [[zero + 1.0, zero, zero], [gamma, sin_gamma, zero], [beta, c_y, c_z]]
    directions = np.moveaxis(np.array(rows), -1, 0)
    return directions * lengths[:, :, None]


def reduced_boxes(boxes: np.ndarray) -> np.ndarray:
    """Return cells of the same lattices whose vectors lean by at most half of the vectors before them.

    Simulation programs keep their cells so; crystals often have others, in which the nearest image of an atom may be
    two cells away. The lattices stay where they are in space.

    Parameters
    ----------
    boxes
        (frame, cell) as `lattice_vectors` has them.

    Returns
    -------
    numpy.ndarray
        (frame, cell); the very same array where nothing is to be reduced.
    """
    vectors = lattice_vectors(boxes)
    leans = np.zeros(len(boxes), bool)
    for vector, by in ((1, 0), (2, 1), (2, 0)):
        lean, width = vectors[:, vector, by], vectors[:, by, by]
        turns = np.rint(HALF_IS_ENOUGH * np.divide(lean, width, out=np.zeros_like(lean), where=width > 0.0))
        vectors[:, vector] -= turns[:, None] * vectors[:, by]
        leans |= turns != 0.0
    if not leans.any():
        return boxes
    lengths = np.linalg.norm(vectors[leans], axis=2)
    first, second, third = np.moveaxis(vectors[leans] / lengths[:, :, None], 1, 0)
    cosines = [np.einsum("fx,fx->f", *pair) for pair in ((second, third), (first, third), (first, second))]
    reduced = boxes.copy()
    reduced[leans] = np.column_stack([lengths, np.degrees(np.arccos(cosines)).T])
    return reduced
