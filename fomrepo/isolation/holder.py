"""A holder as the site sees it: calls on one record's data, each in a child that was forked ahead of it.

One thread of the site, the keeper, ends children that have served and has new ones forked. It does so a little after a
reply, so that the reply is on its way before the processors are busy with that.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from fomrepo.errors import CancelledError, FomrepoError, SandboxUnavailableError
from fomrepo.isolation.holder_child import END_TIMEOUT_S, HeldChild, HostileHolderError, fork_child
from fomrepo.isolation.limits import CHILDREN_AT_ONCE, RunLimits
from fomrepo.isolation.orders import HoldOrder, RunReport
from fomrepo.isolation.usage import unique_bytes

__all__ = ["HoldOrder", "Holder", "HolderFacts", "HolderFailed"]

#: Children that are kept ready.
SPARES = 3

#: From a reply to the work that follows it.
REFILL_DELAY_S = 0.005

#: How often a caller that waits for a child looks whether it is still wanted.
CANCEL_INTERVAL_S = 0.05


class HolderFailed(Exception):  # noqa: N818 - not an error of anybody's: the files are read cold instead
    """There is no holder for these files; the report says how it ended.

    Parameters
    ----------
    report
        As of a run.
    cause
        What the guest said about the data, where it said something.
    """

    def __init__(self, report: RunReport, cause: FomrepoError | None = None) -> None:
        super().__init__(report.detail if cause is None else str(cause))
        self.report = report
        self.cause = cause


@dataclass(frozen=True, slots=True)
class HolderFacts:
    """What a holder holds. Only the process and the memory are the host's own knowledge."""

    #: Frames of the first input's trajectory, as the guest says.
    n_frames: int
    #: Whether all frames are in memory.
    decoded: bool
    #: Bytes of decoded frames.
    frame_bytes: int
    #: Memory of the holder and its children now, shared pages counted once.
    memory_bytes: int
    #: The host's id of the holder's process.
    pid: int


class Holder:
    """A running holder; made by ``Warden.hold``. Any number of threads may run calls by it at once."""

    def __init__(self, facts: HolderFacts, orders: socket.socket, end: Callable[[], object]) -> None:
        self._facts = facts
        self._orders = orders
        self._orders.setblocking(True)
        self._orders.settimeout(END_TIMEOUT_S)
        self._end = end
        try:
            self._handle = os.pidfd_open(facts.pid)
        except ProcessLookupError:
            raise SandboxUnavailableError("a holder ended as soon as it had its data") from None
        self._changed = threading.Condition()
        self._ready: deque[HeldChild] = deque()
        self._served: list[HeldChild] = []
        self._ending: list[tuple[float, HeldChild]] = []
        self._running = 0
        self._waiting = 0
        self._work_due = 0.0
        self._why_ended: str | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"holder {facts.pid}", daemon=True)
        self._keeper.start()

    @property
    def facts(self) -> HolderFacts:
        """What it holds, with the memory of this moment."""
        known = self._facts
        memory = unique_bytes(known.pid, at_least_shared=known.frame_bytes)
        return HolderFacts(known.n_frames, known.decoded, known.frame_bytes, memory, known.pid)

    @property
    def decoded(self) -> bool:
        """Whether all frames are in memory."""
        return self._facts.decoded

    @property
    def alive(self) -> bool:
        """Whether it can serve."""
        return self._why_ended is None and not _has_ended(self._handle)

    def run(
        self,
        request: bytes,
        *,
        limits: RunLimits,
        outcome: BinaryIO,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
        following: Iterable[bytes | memoryview] | None = None,
    ) -> RunReport:
        """Run one method in a child of its own; waits for one if none is ready.

        Parameters
        ----------
        request
            As in docs/guest-protocol.md, with the same inputs as the holder's and a ``bundle``.
        limits
            At most those of the holder's order.
        outcome, on_progress, cancelled
            As for ``Warden.run``.
        following
            What the child reads after its request, as for ``converse``.

        Raises
        ------
        SandboxUnavailableError
            The holder has ended.
        CancelledError
            It was cancelled before there was a child.
        """
        child = self._take(cancelled)
        try:
            return child.serve(
                request,
                limits=limits,
                outcome=outcome,
                on_progress=on_progress,
                cancelled=cancelled,
                following=following,
            )
        finally:
            with self._changed:
                self._running -= 1
                self._served.append(child)
                if self._work_due == 0.0:
                    self._work_due = time.monotonic() + REFILL_DELAY_S
                self._changed.notify_all()

    def processes(self) -> tuple[int, ...]:
        """Return the host's ids of the holder and of the children that are ready."""
        with self._changed:
            return (self._facts.pid, *(child.process for child in self._ready))

    def wait_until_ready(self) -> None:
        """Wait for the first child.

        Raises
        ------
        SandboxUnavailableError
            There will be none.
        """
        with self._changed:
            while not self._ready and self._why_ended is None:
                self._changed.wait()
            if self._why_ended is not None:
                raise self._gone()

    def close(self) -> None:
        """End the holder and all of its children; calls that are running end as ``crashed``."""
        self._stop("it was closed")
        if threading.current_thread() is not self._keeper:
            self._keeper.join()

    # --- on the caller's thread --------------------------------------------------------------------------------------

    def _take(self, cancelled: threading.Event | None) -> HeldChild:
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    if not self.alive:
                        raise self._gone()
                    if cancelled is not None and cancelled.is_set():
                        raise CancelledError("cancelled by the caller")
                    if self._ready:
                        child = self._ready.popleft()
                        if child.is_alive():
                            self._running += 1
                            return child
                        self._served.append(child)
                    self._changed.notify_all()
                    self._changed.wait(CANCEL_INTERVAL_S)
            finally:
                self._waiting -= 1

    def _gone(self) -> SandboxUnavailableError:
        return SandboxUnavailableError(f"the holder has ended: {self._why_ended or 'its process is dead'}")

    # --- on the keeper's thread --------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """End what has served, keep some children ready, until the holder ends."""
        try:
            while self._wait_for_work():
                self._end_served()
                if self._wants_child():
                    rested = not self._waiting and not self._running
                    held = self._facts.frame_bytes
                    child = fork_child(self._orders, self._facts.pid, held_bytes=held, rehearses=rested)
                    with self._changed:
                        self._ready.append(child)
                        self._changed.notify_all()
        except (HostileHolderError, OSError) as error:
            self._stop(str(error))
        finally:
            self._let_go()

    def _wait_for_work(self) -> bool:
        """Wait until there is something to do and the time to do it; False when the holder is to end."""
        with self._changed:
            while self._why_ended is None:
                now = time.monotonic()
                pressing = self._waiting and (self._served or self._lacks_child())
                if pressing or (0.0 < self._work_due <= now) or (self._work_due == 0.0 and self._lacks_child()):
                    self._work_due = 0.0
                    return True
                if self._work_due:
                    self._changed.wait(self._work_due - now)
                else:
                    self._changed.wait(CANCEL_INTERVAL_S if self._ending else None)
                    if self._ending:
                        return True
            return False

    def _end_served(self) -> None:
        """Kill what has served and let go of what is dead; what does not die takes the holder with it."""
        with self._changed:
            served, self._served = self._served, []
        for child in served:
            child.kill()
        now = time.monotonic()
        ending, self._ending = [*self._ending, *((now + END_TIMEOUT_S, child) for child in served)], []
        for deadline, child in ending:
            if not child.is_alive():
                child.close()
            elif now < deadline:
                self._ending.append((deadline, child))
            else:
                raise HostileHolderError(f"process {child.process} does not end")

    def _wants_child(self) -> bool:
        with self._changed:
            return self._why_ended is None and self._lacks_child()

    def _lacks_child(self) -> bool:
        children = len(self._ready) + self._running + len(self._served) + len(self._ending)
        return len(self._ready) < SPARES + self._waiting and children < CHILDREN_AT_ONCE

    def _stop(self, why: str) -> None:
        with self._changed:
            if self._why_ended is not None:
                return
            self._why_ended = why
            self._changed.notify_all()
        self._end()

    def _let_go(self) -> None:
        """Let go of everything, once the calls that are running have ended too."""
        with self._changed:
            while self._running:
                self._changed.wait()
        for child in (*self._ready, *self._served, *(child for _, child in self._ending)):
            child.close()
        with suppress(OSError):
            self._orders.close()
        os.close(self._handle)


def _has_ended(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))
