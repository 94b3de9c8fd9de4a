"""Peer: a pool of processes on this machine, one for each core, each with the Universe loaded; no sandbox."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.peers import tasks
from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start the pool."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=tasks.universe) as pool:
        yield {name: Work(lambda n, name=name: pool.submit(tasks.run, name, n).result()) for name in tasks.TASKS}
