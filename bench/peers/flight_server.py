"""The Arrow Flight server: a file as batches of 1 MiB, mapped, so that it copies nothing that it need not."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pyarrow as pa
from pyarrow import flight

CHUNK_BYTES = 2**20


class _Server(flight.FlightServerBase):
    """Serves one table."""

    def __init__(self, key: Path, certificate: Path, file: Path) -> None:
        pair = (certificate.read_bytes(), key.read_bytes())
        super().__init__("grpc+tls://127.0.0.1:0", tls_certificates=[pair])
        self._table = table_of(file)

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Stream the table."""
        return flight.RecordBatchStream(self._table)


def table_of(file: Path) -> pa.Table:
    """Return the bytes of a file as a column, 1 MiB a batch, without reading them."""
    content = pa.memory_map(str(file)).read_buffer()
    parts = [
        content.slice(first, min(CHUNK_BYTES, content.size - first)) for first in range(0, content.size, CHUNK_BYTES)
    ]
    arrays = [pa.Array.from_buffers(pa.uint8(), part.size, [None, part]) for part in parts]
    return pa.table({"bytes": pa.chunked_array(arrays)})


def main() -> None:
    """Serve until stdin ends: ``flight_server.py KEY CERTIFICATE FILE``; prints the port."""
    server = _Server(*map(Path, sys.argv[1:]))
    print(server.port, flush=True)
    threading.Thread(target=server.serve, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
