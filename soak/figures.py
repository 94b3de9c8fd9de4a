"""Figures of many trials."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["percentile"]


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest of the values that at least ``part`` percent of them do not exceed; 0 of no values."""
    if not values:
        return 0.0
    rank = -(-len(values) * part // 100)
    return sorted(values)[max(0, int(rank) - 1)]
