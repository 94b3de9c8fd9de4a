"""Peer: plain function calls in this process; nothing is sent, nothing is isolated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.peers.tasks import TASKS, function_of, universe
from bench.peers.work import Work
from bench.places import METHODS


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Give the tasks, and the analysis that takes a second, on a Universe that is loaded."""
    loaded = universe()
    close_pairs = function_of(METHODS / "close_pairs")
    yield {
        **{name: Work(task) for name, task in TASKS.items()},
        "close_pairs": Work(lambda number: close_pairs(loaded, loaded.trajectory, salt=float(number))["close_pairs"]),
    }
