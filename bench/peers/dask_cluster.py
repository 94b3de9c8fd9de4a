"""Peer: Dask's scheduler and a worker for each core on this machine; ``submit`` and ``result``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from dask.distributed import Client, LocalCluster

from bench.peers import tasks
from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start scheduler, workers and a client."""
    with (
        LocalCluster(n_workers=os.cpu_count(), threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.gather([client.submit(tasks.run, tasks.WARM_UP, n, pure=False) for n in range(tasks.WARM_UPS)])
        yield {name: Work(partial(_answer, client, name)) for name in tasks.TASKS}


def _answer(client: Client, name: str, number: int) -> Any:
    return client.submit(tasks.run, name, number, pure=False).result()
