"""Peer: Ray on this machine; ``ray.get(task.remote())``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read on import
import ray

from bench.peers import tasks
from bench.peers.work import Work

STORE_BYTES = 256 * 2**20


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start Ray without its dashboard."""
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:  # short: sockets
        ray.init(
            address="local",
            num_cpus=os.cpu_count(),
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=STORE_BYTES,
            _temp_dir=folder,
        )
        try:
            task = ray.remote(tasks.run)
            ray.get([task.remote(tasks.WARM_UP, n) for n in range(tasks.WARM_UPS)])
            yield {name: Work(partial(_answer, task, name)) for name in tasks.TASKS}
        finally:
            ray.shutdown()


def _answer(task: Any, name: str, number: int) -> Any:
    return ray.get(task.remote(name, number))
