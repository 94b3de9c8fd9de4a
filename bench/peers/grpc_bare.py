"""Peer: gRPC with the same TLS and nothing else: an echo, and a file as a stream of 1 MiB chunks, down or up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from bench.peers.grpc_server import CHUNK_BYTES
from bench.peers.received import dropped, kept, written
from bench.peers.server_process import server_port
from bench.peers.work import Work

MEGABYTE = bytes(2**20)
_OPTIONS = (("grpc.max_receive_message_length", 4 * 2**20),)


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Start the server in a process of its own and connect to it."""
    files = (setup["key"], setup["certificate"], *([setup["file"]] if "file" in setup else []))
    with server_port("bench.peers.grpc_server", *files) as port:
        credentials = grpc.ssl_channel_credentials(Path(setup["ca"]).read_bytes())
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=_OPTIONS) as channel:
            echo: Any = channel.unary_unary("/bench/Echo")
            read: Any = channel.unary_stream("/bench/Read")
            write: Any = channel.stream_unary("/bench/Write")
            yield {
                "null": Work(lambda number: echo(b"%d" % number)),
                "megabyte": Work(lambda number: echo(MEGABYTE)),
                "file": Work(lambda number: written(read(b""), setup["target"]), partial(_clear, setup)),
                "result": Work(lambda number: kept(read(b""))),
                "dropped": Work(lambda number: dropped(read(b""))),
                "sent": Work(lambda number: write(_messages(setup["sent"], setup["target"])), partial(_clear, setup)),
            }


def _messages(path: str, target: str) -> Iterator[bytes]:
    """Where a file goes, and then its bytes."""
    yield target.encode()
    with Path(path).open("rb", buffering=0) as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def _clear(setup: Mapping[str, Any], number: int) -> None:
    Path(setup["target"]).unlink(missing_ok=True)
