"""Decoded frames on their way from the one child that decodes them to the children of several methods.

To the site they are bytes. Nobody waits for a slow method for ever, nor for frames that do not come: a child without
frames reads them from the file itself.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

#: Chunks that may wait for one child, each of at most 256 KiB: enough for children to be at work all the time.
CHUNKS_AHEAD = 32

#: A method that has taken nothing for so long does without: the others shall not wait for it.
PATIENCE_S = 5.0

#: A child to which nothing came for so long does without: longer than it takes to lose patience with all others.
SILENCE_S = 60.0

#: Between two looks whether the other end has gone.
LOOK_S = 0.05


class Feed:
    """What one child gets."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes] = queue.Queue(CHUNKS_AHEAD)
        self._ended = threading.Event()
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether nobody takes anything more."""
        return self._closed.is_set()

    def put(self, chunk: bytes) -> None:
        """Hand a chunk on; a child that takes none for too long gets no more."""
        given_up = time.monotonic() + PATIENCE_S
        while not self.closed and not self._ended.is_set():
            try:
                self._chunks.put(chunk, timeout=LOOK_S)
            except queue.Full:
                if time.monotonic() > given_up:
                    self.end()
            else:
                break

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ended.set()

    def close(self) -> None:
        """Take nothing more."""
        self._closed.set()

    def __iter__(self) -> Iterator[bytes]:
        """Give the chunks, and an empty one now and then while none is there."""
        given_up = time.monotonic() + SILENCE_S
        while not self.closed:
            ended = self._ended.is_set()
            try:
                chunk = self._chunks.get(timeout=LOOK_S)
            except queue.Empty:
                if ended or time.monotonic() > given_up:
                    return
                yield b""
            else:
                yield chunk
                given_up = time.monotonic() + SILENCE_S


class Tee(io.RawIOBase):
    """A file that hands what is written to several feeds."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = feeds
        #: Whether nobody listens any more, as whoever decodes asks it.
        self.deserted = _Deserted(feeds)

    def write(self, chunk: Any) -> int:
        """Hand a chunk to all of them."""
        for feed in self._feeds:
            feed.put(chunk)
        return len(chunk)

    def end(self) -> None:
        """Say that nothing more comes."""
        for feed in self._feeds:
            feed.end()


class _Deserted(threading.Event):
    def __init__(self, feeds: Sequence[Feed]) -> None:
        super().__init__()
        self._feeds = feeds

    def is_set(self) -> bool:
        return all(feed.closed for feed in self._feeds)
