"""Peer: a pool of processes on this machine, one for each core, each with the Universe loaded; no sandbox."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from bench.peers import tasks
from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start the pool."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=tasks.universe) as pool:
        list(pool.map(tasks.run, [tasks.WARM_UP] * tasks.WARM_UPS, range(tasks.WARM_UPS)))
        yield {name: Work(partial(_answer, pool, name)) for name in tasks.TASKS}


def _answer(pool: ProcessPoolExecutor, name: str, number: int) -> Any:
    return pool.submit(tasks.run, name, number).result()
