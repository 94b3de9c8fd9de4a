"""Guest: what the harness says to the host on descriptor 3: progress, then one outcome (docs/guest-protocol.md)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from sandbox.container import Container, canonical_json

PROGRESS_INTERVAL_S = 0.1  # ten messages a second are as many as a person can see


class Answer:
    """The sending half of the one descriptor.

    Parameters
    ----------
    descriptor
        An open stream socket.
    hang_up
        Called with the descriptor after the outcome, to end the stream.
    """

    def __init__(self, descriptor: int, hang_up: Callable[[int], None] = os.close) -> None:
        self._descriptor = descriptor
        self._hang_up = hang_up
        self._next_progress = 0.0

    def progress(self, done: int, total: int, *, at_once: bool = False) -> None:
        """Say how many frames are done, unless that was said less than a tenth of a second ago; the last always."""
        now = time.monotonic()
        if now >= self._next_progress or done == total or at_once:
            self._next_progress = now + PROGRESS_INTERVAL_S
            body = canonical_json({"done": done, "total": total}).encode()
            self._send(b"p" + len(body).to_bytes(8, "little") + body)

    def outcome(self, container: Container) -> None:
        """Send the outcome and end the stream."""
        self._send(b"o" + len(container).to_bytes(8, "little"), *container.chunks())
        self._hang_up(self._descriptor)

    def stream(self, size: int, chunks: Iterable[bytes | bytearray]) -> None:
        """Send so many bytes in the place of an outcome, as they are made, and end the stream."""
        self._send(b"o" + size.to_bytes(8, "little"))
        for chunk in chunks:
            self._send(chunk)
        self._hang_up(self._descriptor)

    def _send(self, *parts: bytes | bytearray | memoryview) -> None:
        """Write all of them, at once where they fit: the host is then woken once. A socket may take less at a time."""
        left = [memoryview(part) for part in parts]
        while left:
            taken = os.writev(self._descriptor, left)
            while left and taken >= len(left[0]):
                taken -= len(left.pop(0))
            if taken:
                left[0] = left[0][taken:]
