"""What a guest writes to stdout and stderr: read as it comes, counted, and all but its tail dropped."""

from __future__ import annotations

import os

__all__ = ["GuestLog"]

LOG_CHUNK_BYTES = 65536


class GuestLog:
    """The reading end of a guest's log.

    Parameters
    ----------
    descriptor
        Of a pipe; it is made non-blocking. Whoever gave it closes it.
    kept_bytes
        Length of the tail that is kept.
    """

    def __init__(self, descriptor: int, kept_bytes: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._kept_bytes = kept_bytes
        self._tail = bytearray()
        #: Bytes that were written, kept or not.
        self.total_bytes = 0

    def read(self) -> bool:
        """Read what is there; False at the end of the log, or when there is nothing more for now."""
        try:
            chunk = os.read(self.descriptor, LOG_CHUNK_BYTES)
        except BlockingIOError:
            return False
        self.total_bytes += len(chunk)
        self._tail += chunk
        del self._tail[: max(0, len(self._tail) - self._kept_bytes)]
        return bool(chunk)

    def text(self) -> str:
        """Text of the tail, without what would command a terminal."""
        text = self._tail.decode(errors="replace").strip()
        return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
