"""Messages with large fields of bytes are read and written by us: without the copies that protobuf makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from fomrepo.wire.chunks import CHUNK_STREAMS, chunk_to_wire
from fomrepo.wire.replies import REPLIES, reply_to_wire
from fomrepo.wire.uploads import UPLOAD, upload_from_wire

#: How the requests of some methods are read, and the answers of some are written; all others as protobuf does.
_READERS: dict[str, Callable[[bytes], Any]] = {UPLOAD: upload_from_wire}
_WRITERS: dict[str, Callable[[Any], bytes]] = {
    **dict.fromkeys(CHUNK_STREAMS, chunk_to_wire),
    **dict.fromkeys(REPLIES, reply_to_wire),
}

#: By whether requests and answers are streams: the name of such a handler's function, and what makes a handler of it.
_KINDS: dict[tuple[bool, bool], tuple[str, Callable[..., grpc.RpcMethodHandler[Any, Any]]]] = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


class OwnSpelling(grpc.ServerInterceptor):
    """Lets handlers take and return what our readers and writers do."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Give a method its own reader and writer."""
        handler, method = continuation(handler_call_details), handler_call_details.method
        if handler is None or (method not in _READERS and method not in _WRITERS):
            return handler
        name, handler_of = _KINDS[handler.request_streaming, handler.response_streaming]
        return handler_of(
            getattr(handler, name),
            _READERS.get(method, handler.request_deserializer),
            _WRITERS.get(method, handler.response_serializer),
        )
