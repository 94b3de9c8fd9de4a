"""The bare gRPC server: messages are bytes, nobody is asked who he is, nothing is looked up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

CHUNK_BYTES = 2**20
THREADS = 8
_OPTIONS = (("grpc.max_receive_message_length", 4 * 2**20),)


class _Handlers(grpc.GenericRpcHandler):
    """Three methods: what comes back as it came, a file in chunks, and one that is written and safe."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Find a method; without serialisers a message is bytes."""
        if details.method == "/bench/Echo":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        if details.method == "/bench/Read":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: self._chunks())
        if details.method == "/bench/Write":
            return grpc.stream_unary_rpc_method_handler(lambda requests, context: _kept(requests))
        return None

    def _chunks(self) -> Iterator[bytes]:
        assert self._file is not None
        with self._file.open("rb", buffering=0) as content:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk


def _kept(messages: Iterator[bytes]) -> bytes:
    """Write a stream to the file that its first message names."""
    with Path(next(messages).decode()).open("wb", buffering=0) as file:
        for chunk in messages:
            file.write(chunk)
        os.fsync(file.fileno())
    return b""


def main() -> None:
    """Serve until stdin ends: ``grpc_server.py KEY CERTIFICATE [FILE]``; prints the port."""
    key, certificate, *file = map(Path, sys.argv[1:])
    server = grpc.server(ThreadPoolExecutor(THREADS), options=_OPTIONS)
    server.add_generic_rpc_handlers((_Handlers(file[0] if file else None),))
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


if __name__ == "__main__":
    main()
