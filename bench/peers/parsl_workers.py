"""Peer: Parsl's high-throughput executor with a worker for each core on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from bench.peers import tasks
from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start the executor and its workers."""
    with tempfile.TemporaryDirectory(prefix="parsl-", ignore_cleanup_errors=True) as folder:
        executor = HighThroughputExecutor(
            label="workers",
            address="127.0.0.1",
            max_workers_per_node=os.cpu_count() or 1,
            provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),
        )
        with parsl.load(
            Config(
                executors=[executor], run_dir=folder, usage_tracking=0, exit_mode="cleanup", initialize_logging=False
            )
        ):
            app = parsl.python_app(tasks.run)
            for started in [app(tasks.WARM_UP, n) for n in range(tasks.WARM_UPS)]:
                started.result()
            yield {name: Work(partial(_answer, app, name)) for name in tasks.TASKS}


def _answer(app: Any, name: str, number: int) -> Any:
    return app(name, number).result()
