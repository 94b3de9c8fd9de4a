"""Peer: Arrow Flight with the same TLS: a file as a stream of record batches of 1 MiB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import flight

from bench.peers.received import dropped, kept, written
from bench.peers.server_process import server_port
from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start the server in a process of its own and connect to it."""
    target = Path(setup["target"])
    with server_port("bench.peers.flight_server", setup["key"], setup["certificate"], setup["file"]) as port:
        ca = Path(setup["ca"]).read_bytes()
        with flight.connect(f"grpc+tls://127.0.0.1:{port}", tls_root_certs=ca) as client:
            yield {
                "file": Work(
                    lambda number: written(_chunks(client), str(target)), lambda number: target.unlink(missing_ok=True)
                ),
                "result": Work(lambda number: kept(_chunks(client))),
                "dropped": Work(lambda number: dropped(_chunks(client))),
            }


def _chunks(client: flight.FlightClient) -> Iterator[pa.Buffer]:
    for batch in client.do_get(flight.Ticket(b"file")):
        yield batch.data.column(0).buffers()[1]
