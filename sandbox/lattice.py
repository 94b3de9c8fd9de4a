"""Guest: the periodic cells of many frames at once."""

from __future__ import annotations

import numpy as np


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
