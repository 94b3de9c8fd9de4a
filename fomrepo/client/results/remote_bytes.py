"""Bytes of a result where they lie: at a site, asked for range by range."""

from __future__ import annotations

from collections.abc import Iterator

from fomrepo.client.connection import Connection
from fomrepo.errors import OutcomeRefusedError
from fomrepo.wire.v1 import calls_pb2


class RemoteBytes:
    """The container of one operation's result. Threads may share it.

    Parameters
    ----------
    connection
        To whichever site answers; it must be open whenever bytes are asked for.
    operation
        Id of the operation.
    size
        Bytes of the whole container, as the site announced it.
    """

    def __init__(self, connection: Connection, operation: str, size: int) -> None:
        self._connection = connection
        self._operation = operation
        self.size = size

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        """Bytes from ``start`` to before ``end``, all of them or an error.

        Raises
        ------
        NotFoundError
            If the site keeps the result no longer.
        OutcomeRefusedError
            If another number of bytes comes than was asked for.
        """
        end = self.size if end is None else end
        received = start
        for chunk in self._connection.receive(
            lambda site: site.read_result,
            lambda offset: calls_pb2.ReadResultRequest(
                operation=self._operation, offset=offset, length=0 if end == self.size else end - offset
            ),
            offset=start,
        ):
            received += len(chunk)
            if received > end:
                break
            yield chunk
        if received != end:
            raise OutcomeRefusedError(f"{end - start} bytes of the result were asked for; {received - start} came")

    def read(self, start: int, end: int) -> bytes:
        """Bytes from ``start`` to before ``end``, in one piece."""
        return b"".join(self.chunks(start, end)) if end > start else b""
