"""One child of a holder as the site sees it: made ahead of its call, serving one, and ended.

The site makes the child's socket and log and hands their other ends to the holder, so it reads from nothing that comes
from inside but its own socket and pipe. Which process the child is, the kernel says: with the first byte, by which the
child says that it is ready, comes who wrote it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from fomrepo.errors import LimitHit
from fomrepo.isolation.exchange import converse
from fomrepo.isolation.guest_log import GuestLog
from fomrepo.isolation.guest_run import GuestEnd
from fomrepo.isolation.limits import LOG_FLOOD_BYTES, RunLimits
from fomrepo.isolation.orders import RunReport
from fomrepo.isolation.report import run_report
from fomrepo.isolation.usage import Usage, measure_held_child, measure_process, parent_and_memory

__all__ = ["HeldChild", "HostileHolderError", "fork_child"]

#: What the holder is told beside two descriptors (docs/guest-protocol.md): its own address space, its data, and whether
#: the child is to rehearse.
ORDER = struct.Struct("<QQQ")
#: The kernel's ``struct ucred``: process, user, group.
CREDENTIALS = struct.Struct("iII")

#: A fork takes some milliseconds; a machine under heavy load may take long.
READY_TIMEOUT_S = 10.0

#: The kernel ends a process at once; giving back a gigabyte of memory takes it some tenths of a second.
END_TIMEOUT_S = 5.0

#: The holder buries a child that ended by itself as soon as it hears of it.
LOG_END_TIMEOUT_S = 0.05

#: A pipe holds one such read; a thread that the method left behind may write on.
PIPE_READS = 4

#: Between two looks at the clock, and at what a running child uses.
CLOCK_INTERVAL_MS = 20
LOOK_INTERVAL_S = 0.05

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class HostileHolderError(Exception):
    """The holder did something that the harness never does, or does not answer."""


def fork_child(orders: socket.socket, holder: int, *, held_bytes: int, rehearses: bool) -> HeldChild:
    """Let a holder fork a child, and wait until it is ready.

    Parameters
    ----------
    orders
        The site's end of the holder's socket.
    holder
        Process of the holder.
    held_bytes
        Length of the memory file with the frames.
    rehearses
        Whether there is time for a dummy call, which makes the first one faster.

    Raises
    ------
    HostileHolderError
        There is no child that is ready in time, or it is no child of this holder.
    """
    with ExitStack() as kept, ExitStack() as handed:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        kept.enter_context(ours)
        handed.enter_context(its)
        log_reader, log_writer = os.pipe()
        kept.callback(os.close, log_reader)
        handed.callback(os.close, log_writer)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            socket.send_fds(orders, [ORDER.pack(*_mapped_bytes(holder), rehearses)], [its.fileno(), log_writer])
            handed.close()
            process = _who_is_ready(ours)
            handle = os.pidfd_open(process)
            kept.callback(os.close, handle)
        except OSError as error:
            raise HostileHolderError(f"the holder makes no child: {error}") from error
        parent, had_bytes = parent_and_memory(process)
        if parent != holder:
            raise HostileHolderError("a process answered that is no child of the holder")
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        return HeldChild(ours, log_reader, process, handle, held_bytes, had_bytes, kept.pop_all())


class HeldChild:
    """A child that is ready for one call."""

    def __init__(
        self,
        talk: socket.socket,
        log: int,
        process: int,
        handle: int,
        held_bytes: int,
        had_bytes: int,
        owned: ExitStack,
    ) -> None:
        self._talk = talk
        self._log = log
        #: The host's id of the process; it is process 1 of its own namespace.
        self.process = process
        self._handle = handle
        self._measure = partial(measure_held_child, process, held_bytes=held_bytes, inherited_bytes=had_bytes)
        self._owned = owned

    def serve(
        self,
        request: bytes,
        *,
        limits: RunLimits,
        outcome: BinaryIO,
        on_progress: Callable[[int, int], None] | None,
        cancelled: threading.Event | None,
        following: Iterable[bytes | memoryview] | None = None,
    ) -> RunReport:
        """Have one call served. Unless that went well, the child is dead when this returns."""
        watch = _Watch(self.process, self._measure, GuestLog(self._log, limits.log_bytes), limits, cancelled)
        well = False
        try:
            exchange = converse(
                self._talk,
                request,
                outcome,
                result_bytes=limits.result_bytes,
                on_progress=on_progress,
                is_cancelled=watch.is_over,
                also=self._log,
                ask_every_ms=CLOCK_INTERVAL_MS,
                following=following,
            )
            well = exchange.ended == "outcome"
            if watch.limit is not None:  # it was the watch that gave up
                exchange = replace(exchange, ended="limit", limit=watch.limit)
        finally:
            if not well:
                self.kill()
                self.wait(END_TIMEOUT_S)
        return run_report(exchange, watch.end(answered=well, by_itself=exchange.ended == "silent"))

    def is_alive(self) -> bool:
        """Whether anything of it is alive."""
        return not self.wait(0.0)

    def kill(self) -> None:
        """End its first process, and with it, as the kernel has it, all of its namespace."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing of it is alive; returns whether that is so."""
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def close(self) -> None:
        """Let go of its socket, its log and its handle."""
        self._owned.close()


class _Watch:
    """What is looked at while a child serves."""

    def __init__(
        self,
        process: int,
        measure: Callable[..., Usage],
        log: GuestLog,
        limits: RunLimits,
        cancelled: threading.Event | None,
    ) -> None:
        self._process = process
        self._measure = measure
        self._log = log
        self._limits = limits
        self._cancelled = cancelled
        self._started = time.monotonic()
        self._next_look = self._started + LOOK_INTERVAL_S
        #: The limit for which the child is to end, if any.
        self.limit: LimitHit | None = None
        self._used = Usage(0, 0.0, 0)
        self._peak_bytes = 0

    def is_over(self) -> bool:
        """Read the log, look at the clock, and now and then at memory and processor; True if the child is to end."""
        while self._log.read():
            if self._log.total_bytes > LOG_FLOOD_BYTES:
                self.limit = LimitHit("log", LOG_FLOOD_BYTES, self._log.total_bytes, "byte")
                return True
        now = time.monotonic()
        if now - self._started > self._limits.wall_s:
            self.limit = LimitHit("wall", self._limits.wall_s, now - self._started, "s")
        elif now >= self._next_look:
            self._next_look = now + LOOK_INTERVAL_S
            self._look()
        return self.limit is not None or (self._cancelled is not None and self._cancelled.is_set())

    def end(self, *, answered: bool, by_itself: bool) -> GuestEnd:
        """Say how it ended, as the warden says it of a guest."""
        wall_s = time.monotonic() - self._started
        if answered:
            used = measure_process(self._process)
            self._used = Usage(used.resident_bytes, used.cpu_s, 1)
            self._peak_bytes = max(self._peak_bytes, used.resident_bytes)
        self._read_rest_of_log(LOG_END_TIMEOUT_S if by_itself else 0.0)
        return GuestEnd(
            exit_status=0 if answered else None,
            signal=None,
            limit=self.limit,
            stopped=not answered,
            wall_s=wall_s,
            cpu_s=self._used.cpu_s,
            peak_memory_bytes=self._peak_bytes,
            log_tail=self._log.text(),
            pid_namespace=0,
            in_cgroup=False,
        )

    def _read_rest_of_log(self, timeout_s: float) -> None:
        """Read what the log still holds; of a child that crashed, also what the holder adds about it."""
        poll = select.poll()
        poll.register(self._log.descriptor, 0)  # the end of the log is always told
        poll.poll(timeout_s * 1000)
        for _ in range(PIPE_READS):
            if not self._log.read():
                break

    def _look(self) -> None:
        limits = self._limits
        self._used = self._measure(allowed_memory_bytes=limits.memory_bytes)
        self._peak_bytes = max(self._peak_bytes, self._used.memory_bytes)
        if self._used.memory_bytes > limits.memory_bytes:
            self.limit = LimitHit("memory", limits.memory_bytes, self._used.memory_bytes, "byte")
        elif self._used.cpu_s > limits.cpu_s:
            self.limit = LimitHit("cpu", limits.cpu_s, self._used.cpu_s, "s")


def _who_is_ready(talk: socket.socket) -> int:
    """Wait for the byte that says so; returns the process that wrote it, as the kernel knows it."""
    poll = select.poll()
    poll.register(talk, select.POLLIN)
    if not poll.poll(READY_TIMEOUT_S * 1000):
        raise HostileHolderError(f"no child was ready within {READY_TIMEOUT_S:g} s")
    said, beside, _, _ = talk.recvmsg(1, socket.CMSG_LEN(CREDENTIALS.size))
    for level, kind, content in beside:
        if said == b"r" and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            process: int = CREDENTIALS.unpack(content)[0]
            return process
    raise HostileHolderError("a child ended, or said something else than that it is ready")


def _mapped_bytes(process: int) -> tuple[int, int]:
    """Address space of a process, and the part of it that is data."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        fields = file.read().split()
    return int(fields[0]) * PAGE_BYTES, int(fields[5]) * PAGE_BYTES
