"""The talk between site and guest over their socket (docs/guest-protocol.md); every byte from inside is hostile.

The site speaks once. Then it reads messages: one kind byte, a length of eight bytes, a body. Nothing is allocated by a
length that the guest wrote: it is compared with its limit first, and bodies are streamed in chunks of our own size.
"""

from __future__ import annotations

import json
import select
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import BinaryIO, Literal

from fomrepo.errors import LimitHit
from fomrepo.isolation.limits import PROGRESS_MESSAGES
from fomrepo.isolation.speech import saying

__all__ = ["Exchange", "converse"]

#: docs/guest-protocol.md: a progress message is at most this long.
PROGRESS_BYTES = 256

#: How often a waiting site looks whether the caller has gone.
CANCEL_INTERVAL_MS = 50

CHUNK_BYTES = 256 * 1024

HEADER = struct.Struct("<cQ")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of the talk."""

    #: ``outcome``: one whole outcome, then the end. ``silent``: the end came first. Others as in ``RunReport``.
    ended: Literal["outcome", "silent", "hostile", "limit", "cancelled"]
    #: Bytes of the outcome's body that were handed on.
    outcome_bytes: int
    #: The result limit, where that ended it.
    limit: LimitHit | None
    #: One sentence.
    detail: str


class _EndOfTalkError(Exception):
    """The talk is over for a reason that is not the guest's normal end."""

    def __init__(self, ended: Literal["silent", "hostile", "limit", "cancelled"], detail: str) -> None:
        super().__init__(detail)
        self.ended = ended
        self.detail = detail
        self.limit: LimitHit | None = None


def converse(
    guest: socket.socket,
    request: bytes,
    outcome: BinaryIO,
    *,
    result_bytes: int,
    on_progress: Callable[[int, int], None] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    also: int | None = None,
    ask_every_ms: int = CANCEL_INTERVAL_MS,
    following: Iterable[bytes | memoryview] | None = None,
) -> Exchange:
    """Hand a request to a guest and read its answer.

    It ends when the guest closes its end; that it does so in time is the warden's care.

    Parameters
    ----------
    guest
        The site's end of the socket.
    request
        JSON of the protocol.
    outcome
        Gets the body of the outcome, as it comes. It is to be thrown away unless ``ended`` is ``outcome``.
    result_bytes
        Longest outcome that is accepted.
    on_progress
        Called with (done, total) for each progress message.
    is_cancelled
        Asked while waiting.
    also
        A descriptor; when it becomes readable, ``is_cancelled`` is asked, which may read it.
    ask_every_ms
        How often ``is_cancelled`` is asked, at least.
    following
        Chunks that the guest reads after its request, while it works (``saying``); None where nothing follows.

    Returns
    -------
    Exchange
        Never raises for what the guest does.
    """
    talk = _Talk(guest, outcome, result_bytes, on_progress, is_cancelled, also, ask_every_ms)
    try:
        talk.say(struct.pack("<Q", len(request)) + request)
        with nullcontext() if following is None else saying(guest, following):
            talk.listen()
    except _EndOfTalkError as end:
        return Exchange(end.ended, talk.outcome_bytes, end.limit, end.detail)
    return Exchange("outcome", talk.outcome_bytes, None, "one whole outcome")


class _Talk:
    def __init__(
        self,
        guest: socket.socket,
        outcome: BinaryIO,
        result_bytes: int,
        on_progress: Callable[[int, int], None] | None,
        is_cancelled: Callable[[], bool],
        also: int | None,
        ask_every_ms: int,
    ) -> None:
        self._guest = guest
        self._guest.setblocking(False)
        self._outcome = outcome
        self._result_bytes = result_bytes
        self._on_progress = on_progress
        self._is_cancelled = is_cancelled
        self._also = also
        self._ask_every_ms = ask_every_ms
        self.outcome_bytes = 0

    def say(self, message: bytes) -> None:
        """Send the request."""
        left = memoryview(message)
        while left:
            self._wait_for(select.POLLOUT)
            try:
                left = left[self._guest.send(left, socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                continue
            except OSError:
                raise _EndOfTalkError("silent", "the guest ended before it had read its request") from None

    def listen(self) -> None:
        """Read progress messages, one outcome, and the end."""
        for _ in range(PROGRESS_MESSAGES):
            header = self._read_exactly(HEADER.size, of="a message")
            kind, length = HEADER.unpack(header)
            if kind == b"o":
                self._read_outcome(length)
                return
            if kind != b"p" or length > PROGRESS_BYTES:
                raise _EndOfTalkError("hostile", f"a message of kind {kind!r} and {length} bytes")
            self._report_progress(self._read_exactly(length, of="progress"))
        raise _EndOfTalkError("hostile", f"more than {PROGRESS_MESSAGES} progress messages")

    def _read_outcome(self, length: int) -> None:
        if length > self._result_bytes:
            end = _EndOfTalkError("limit", f"an outcome of {length} bytes")
            end.limit = LimitHit("result", self._result_bytes, length, "byte")
            raise end
        while self.outcome_bytes < length:
            chunk = self._read(min(CHUNK_BYTES, length - self.outcome_bytes))
            if not chunk:
                raise _EndOfTalkError("silent", f"the guest ended after {self.outcome_bytes} of {length} outcome bytes")
            self._outcome.write(chunk)
            self.outcome_bytes += len(chunk)
        if self._read(1):
            raise _EndOfTalkError("hostile", "something came after the outcome")

    def _report_progress(self, body: bytes) -> None:
        try:
            progress = json.loads(body)
        except (ValueError, RecursionError):
            raise _EndOfTalkError("hostile", "progress that is not JSON") from None
        if not isinstance(progress, dict) or progress.keys() != {"done", "total"}:
            raise _EndOfTalkError("hostile", "progress of another form")
        done, total = progress["done"], progress["total"]
        if type(done) is not int or type(total) is not int or not 0 <= done <= total < 2**63:
            raise _EndOfTalkError("hostile", "progress with impossible figures")
        if self._on_progress is not None:
            self._on_progress(done, total)

    def _read_exactly(self, length: int, *, of: str) -> bytes:
        """Read a few bytes; ``length`` is ours or was compared with a limit."""
        collected = b""
        while len(collected) < length:
            chunk = self._read(length - len(collected))
            if not chunk:
                raise _EndOfTalkError("silent", f"the guest ended without an outcome, {len(collected)} bytes into {of}")
            collected += chunk
        return collected

    def _read(self, at_most: int) -> bytes:
        """Some bytes, or none at the end. Descriptors that a guest sends along are dropped by the kernel."""
        while True:
            self._wait_for(select.POLLIN)
            try:
                return self._guest.recv(at_most)
            except BlockingIOError:
                continue
            except ConnectionResetError:  # it ended with unread bytes of ours
                return b""

    def _wait_for(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._guest, event)
        if self._also is not None:
            poll.register(self._also, select.POLLIN)
        while not self._is_cancelled():
            ready = poll.poll(self._ask_every_ms)
            if any(number != self._also for number, _ in ready):
                return
            if self._also is not None and any(happened & ~select.POLLIN for _, happened in ready):
                poll.unregister(self._also)  # its writer has gone
        raise _EndOfTalkError("cancelled", "cancelled by the caller")
