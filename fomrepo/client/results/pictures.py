"""Pictures: small ones for notebooks, made of numbers alone and without matplotlib; and which files are pictures."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

#: Suffix of a picture's file -> its media type. Everything else is not shown as a picture.
PICTURES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".pdf": "application/pdf"}
#: Width and height of a small curve, in pixels; it has at most as many points as it is wide.
CURVE_SIZE = (180, 30)
#: Most rows and columns of a small picture of a matrix.
PICTURE_CELLS = 90


def small_picture(value: Any) -> str:
    """Small picture of a curve or of a matrix; empty for everything else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        if value.ndim == 1 and value.size > 1:
            return _curve(value)
        if value.ndim == 2 and min(value.shape) > 3:
            return _grey_picture(value)
    return ""


def _curve(values: npt.NDArray[Any]) -> str:
    width, height = CURVE_SIZE
    chosen = values[np.linspace(0, values.size - 1, min(values.size, width)).astype(np.int64)].astype(np.float64)
    x = np.linspace(1, width - 1, chosen.size)
    y = height - 1 - (height - 2) * _from_0_to_1(chosen)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<polyline fill="none" stroke="currentColor" points="{points}"/></svg>'
    )


def _grey_picture(values: npt.NDArray[Any]) -> str:
    steps = [-(-size // PICTURE_CELLS) for size in values.shape]
    cells = _from_0_to_1(values[:: steps[0], :: steps[1]].astype(np.float64))
    source = base64.b64encode(grey_png(np.nan_to_num(255 * (1 - cells), nan=255.0).astype(np.uint8))).decode()
    return f'<img src="data:image/png;base64,{source}" height="{PICTURE_CELLS}" style="image-rendering:pixelated">'


def _from_0_to_1(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    scaled = (values - low) / (high - low) if high > low else np.where(np.isfinite(values), 0.5, np.nan)
    return np.where(np.isfinite(values), scaled, np.nan)


def grey_png(levels: npt.NDArray[np.uint8]) -> bytes:
    """Write grey levels (row, column) as a PNG (W3C PNG, third edition: signature, IHDR, IDAT, IEND)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows, columns = levels.shape
    lines = np.hstack([np.zeros((rows, 1), np.uint8), levels]).tobytes()  # each line begins with its filter: none
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
