"""The life of one guest, from its start to the end of its last process: what the warden does for each run.

1. Start bubblewrap; its first process waits, with all namespaces made, before it goes on.
2. Take a pidfd of that process, the handle by which everything inside can be ended; set the kernel's limits on it, and
   put it into a cgroup where that may be.
3. Let it go on.
4. Watch: the clock, the processor time, the memory, the log, and the site's wish to stop.
5. Kill by the pidfd, and wait on it: when the first process of a PID namespace is gone, all others are gone before it.
6. Collect the exit status and what it used.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import termios
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Literal, NoReturn

from fomrepo.errors import LimitHit, SandboxUnavailableError
from fomrepo.isolation import bwrap
from fomrepo.isolation.cgroups import RunCgroup, find_guest_cgroups
from fomrepo.isolation.filters import base_filter, holder_base_filter, holder_filter, second_filter
from fomrepo.isolation.guest_log import GuestLog
from fomrepo.isolation.launch import start_sandbox
from fomrepo.isolation.limits import CHILDREN_AT_ONCE, LOG_FLOOD_BYTES, RunLimits, resource_limits
from fomrepo.isolation.policy import GuestPolicy
from fomrepo.isolation.usage import Usage, measure_usage

__all__ = ["GuestEnd", "Lower", "run_guest"]

#: Lowers limits and kernel limits of a guest that runs.
Lower = Callable[[RunLimits, tuple[tuple[int, int], ...]], None]

#: Between two looks at what the guest uses. At 4 GB/s, which is fast, a guest outruns its memory by 80 MB.
WATCH_INTERVAL_S = 0.02

#: bubblewrap makes its namespaces in 5 ms; a machine under heavy load may take long.
START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class GuestEnd:
    """How a guest ended, as seen from outside."""

    #: Exit status; None if a signal ended it.
    exit_status: int | None
    #: Signal; None if it exited.
    signal: int | None
    #: The limit for which it was ended, if any.
    limit: LimitHit | None
    #: Whether the site asked to end it.
    stopped: bool
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    log_tail: str
    #: Number of the PID namespace that it had.
    pid_namespace: int
    #: Whether its memory was limited by a cgroup.
    in_cgroup: bool


def run_guest(
    policy: GuestPolicy,
    limits: RunLimits,
    guest_socket: socket.socket,
    stop: int,
    *,
    kernel_limits: tuple[tuple[int, int], ...] | None = None,
    begun: Callable[[int, Lower], None] = lambda _first, _lower: None,
    look_every_s: float = WATCH_INTERVAL_S,
    child_memory_bytes: int = 0,
) -> GuestEnd:
    """Run one guest, or one holder, to its end.

    Parameters
    ----------
    policy
        What it sees.
    limits
        What it may use. ``result_bytes`` is not checked here: the site reads the outcome.
    guest_socket
        The guest's end of the socket; closed here as soon as the guest has it.
    stop
        A descriptor; when it becomes readable, the guest is ended.
    kernel_limits
        Limits of the first process, where they are not those of a guest.
    begun
        Told the host's id of the first process, before it goes on, and how to lower its limits later.
    look_every_s
        Between two looks at what it uses.
    child_memory_bytes
        What the limit of memory rises by for each process beside the first; of a guest they share it.

    Returns
    -------
    GuestEnd
        Nothing of the guest is alive when this returns.

    Raises
    ------
    SandboxUnavailableError
        The sandbox could not be made, and nothing of the guest has run.
    """
    with ExitStack() as ours, ExitStack() as childs:
        childs.enter_context(guest_socket)
        guest = _Guest(policy, limits, child_memory_bytes, ours)
        first = guest.start(guest_socket, childs)
        try:
            begun(first, guest.lower)
            guest.limit_and_release(resource_limits(limits) if kernel_limits is None else kernel_limits)
            guest.watch(stop, look_every_s)
        finally:
            guest.end()
        return guest.report()


class _Guest:
    """One guest; the methods are the steps of its life, called in this order."""

    def __init__(self, policy: GuestPolicy, limits: RunLimits, child_memory_bytes: int, descriptors: ExitStack) -> None:
        self._policy = policy
        self._limits = limits
        self._child_memory_bytes = child_memory_bytes
        self._descriptors = descriptors
        self._limit: LimitHit | None = None
        self._cgroup: RunCgroup | None = None
        self._stopped = False
        self._used = Usage(0, 0.0, 0)
        self._peak_memory_bytes = 0

    def start(self, guest_socket: socket.socket, childs: ExitStack) -> int:
        """Make the sandbox; its first process waits. Returns the host's id of that process."""
        self._started = time.monotonic()
        arguments = bwrap.bwrap_arguments(self._policy, bwrap.find_bwrap())
        self._log_end, log_writer = _pipe(self._descriptors, childs)
        self._log = GuestLog(self._log_end, self._limits.log_bytes)
        info_end, info_writer = _pipe(self._descriptors, childs)
        self._block_reader, self._block_writer = _pipe(self._descriptors, self._descriptors)
        self._bwrap = start_sandbox(
            arguments,
            {
                0: _owned_by(childs, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)),
                1: log_writer,
                2: log_writer,
                bwrap.GUEST_FD: guest_socket.fileno(),
                **{number: _filled_pipe(childs, code) for number, code in _filters(self._policy.kind).items()},
                bwrap.INFO_FD: info_writer,
                bwrap.BLOCK_FD: self._block_reader,
            },
        )
        childs.close()
        made = _what_was_made(info_end)
        if made is None:
            self._give_up()
        self._first, self._namespace = made
        self._pidfd = _owned_by(self._descriptors, os.pidfd_open(self._first))
        return self._first

    def limit_and_release(self, kernel_limits: tuple[tuple[int, int], ...]) -> None:
        """Set the kernel's limits on the first process, put it into its cgroup, and let it go on."""
        self._limit_by_kernel(kernel_limits)
        with suppress(OSError):  # without a cgroup there is the watch
            self._enter_cgroup()
        os.write(self._block_writer, b"!")

    def lower(self, limits: RunLimits, kernel_limits: tuple[tuple[int, int], ...]) -> None:
        """Let a guest that runs use no more than this from now on."""
        if _is_readable(self._pidfd, within_s=0):
            return  # it has ended, and its number may be another's
        self._limits = limits
        self._limit_by_kernel(kernel_limits)
        if self._cgroup is not None:
            with suppress(OSError):  # it has ended, or uses more already: the watch ends it
                self._cgroup.limit(self._allowed_in_cgroup())

    def watch(self, stop: int, look_every_s: float) -> None:
        """Return when the guest has ended by itself, is over a limit, or is to be stopped."""
        poll = select.poll()
        for number in (self._pidfd, self._log_end, stop):
            poll.register(number, select.POLLIN)
        next_look = time.monotonic()
        while True:
            ready = {number for number, _ in poll.poll(look_every_s * 1000)}
            if self._log_end in ready and not self._log.read():
                poll.unregister(self._log_end)
            if self._pidfd in ready:
                return
            if stop in ready:
                self._stopped = True
                return
            if time.monotonic() >= next_look:
                self._limit = self._limit_hit()
                if self._limit is not None:
                    return
                next_look = time.monotonic() + look_every_s

    def end(self) -> None:
        """Kill everything inside, and return when nothing of it is left."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        _is_readable(self._pidfd)
        self._wall_s = time.monotonic() - self._started
        _, self._wait_status, self._rusage = os.wait4(self._bwrap, 0)
        while self._log.read():
            pass

    def report(self) -> GuestEnd:
        """Say how it ended."""
        if _unread_bytes(self._block_reader):
            raise _could_not_be_made(self._log.text())
        cpu_s = max(self._used.cpu_s, self._rusage.ru_utime + self._rusage.ru_stime)
        status = os.waitstatus_to_exitcode(self._wait_status)
        ended_by = -status if status < 0 else status - 128 if status > 128 else None  # bubblewrap adds 128
        limit = self._limit
        if limit is None and not self._stopped and ended_by in (signal.SIGKILL, signal.SIGXCPU):
            limit = self._limit_of_kernel(cpu_s)
        return GuestEnd(
            exit_status=status if ended_by is None else None,
            signal=ended_by,
            limit=limit,
            stopped=self._stopped,
            wall_s=self._wall_s,
            cpu_s=cpu_s,
            peak_memory_bytes=max(self._peak_memory_bytes, self._rusage.ru_maxrss * 1024),
            log_tail=self._log.text(),
            pid_namespace=self._namespace,
            in_cgroup=self._cgroup is not None,
        )

    # --- the parts of the steps --------------------------------------------------------------------------------------

    def _limit_by_kernel(self, kernel_limits: tuple[tuple[int, int], ...]) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself, and said why in the log
            for name, value in kernel_limits:
                resource.prlimit(self._first, name, (value, value))

    def _allowed_in_cgroup(self) -> int:
        return self._limits.memory_bytes + CHILDREN_AT_ONCE * self._child_memory_bytes

    def _enter_cgroup(self) -> None:
        if (cgroups := find_guest_cgroups()) is not None:
            cgroup = cgroups.make(self._first, self._allowed_in_cgroup())
            self._descriptors.callback(cgroup.remove)
            cgroup.add(self._first)
            self._cgroup = cgroup

    def _limit_hit(self) -> LimitHit | None:
        limits = self._limits
        each = self._child_memory_bytes
        self._used = measure_usage(self._first, allowed_memory_bytes=limits.memory_bytes, each_further_bytes=each)
        allowed_memory_bytes = limits.memory_bytes + each * (self._used.processes - 1)
        self._peak_memory_bytes = max(self._peak_memory_bytes, self._used.memory_bytes)
        wall_s = time.monotonic() - self._started
        if self._used.memory_bytes > allowed_memory_bytes:
            return LimitHit("memory", allowed_memory_bytes, self._used.memory_bytes, "byte")
        if self._used.cpu_s > limits.cpu_s:
            return LimitHit("cpu", limits.cpu_s, self._used.cpu_s, "s")
        if wall_s > limits.wall_s:
            return LimitHit("wall", limits.wall_s, wall_s, "s")
        if self._log.total_bytes > LOG_FLOOD_BYTES:
            return LimitHit("log", LOG_FLOOD_BYTES, self._log.total_bytes, "byte")
        return None

    def _limit_of_kernel(self, cpu_s: float) -> LimitHit | None:
        """Limit for which the kernel, not the watch, ended the guest."""
        if cpu_s >= self._limits.cpu_s:
            return LimitHit("cpu", self._limits.cpu_s, cpu_s, "s")
        if self._cgroup is not None and self._cgroup.killed():
            allowed = self._limits.memory_bytes
            return LimitHit("memory", allowed, max(allowed, self._peak_memory_bytes), "byte")
        return None

    def _give_up(self) -> NoReturn:
        """End bubblewrap, which ended or hung before there was a process inside."""
        with suppress(ProcessLookupError):
            os.kill(self._bwrap, signal.SIGKILL)
        os.waitpid(self._bwrap, 0)
        self._log.read()
        raise _could_not_be_made(self._log.text())


def _filters(kind: Literal["guest", "holder"]) -> dict[int, bytes]:
    """Compiled filters by the descriptor on which bubblewrap finds them."""
    if kind == "guest":
        return {bwrap.BASE_FILTER_FD: base_filter(), bwrap.SECOND_FILTER_FD: second_filter()}
    return {
        bwrap.BASE_FILTER_FD: holder_base_filter(),
        bwrap.SECOND_FILTER_FD: second_filter(),
        bwrap.HOLDER_FILTER_FD: holder_filter(),
    }


def _what_was_made(info_end: int) -> tuple[int, int] | None:
    """Host's id of the sandbox's first process and the number of its PID namespace, as bubblewrap reports them.

    None if bubblewrap does not get that far.
    """
    said = b""
    deadline = time.monotonic() + START_TIMEOUT_S
    while _is_readable(info_end, within_s=max(0.0, deadline - time.monotonic())):
        chunk = os.read(info_end, 4096)
        said += chunk
        if not chunk:
            return None
        with suppress(ValueError):
            made = json.loads(said)
            return int(made["child-pid"]), int(made["pid-namespace"])
    return None


def _could_not_be_made(log: str) -> SandboxUnavailableError:
    return SandboxUnavailableError(
        f"the sandbox could not be made: {log or 'bwrap said nothing'}", remedy="fomrepo doctor"
    )


def _is_readable(descriptor: int, *, within_s: float | None = None) -> bool:
    """Wait until a descriptor is readable, whatever its number; None: for as long as that takes."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if within_s is None else within_s * 1000))


def _unread_bytes(pipe: int) -> int:
    count: int = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0"))[0]
    return count


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    reader, writer = os.pipe()
    return _owned_by(readers, reader), _owned_by(writers, writer)


def _filled_pipe(owner: ExitStack, content: bytes) -> int:
    """Reading end of a pipe that holds some bytes, at most 64 KiB, and then ends."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return _owned_by(owner, reader)


def _owned_by(owner: ExitStack, number: int) -> int:
    owner.callback(os.close, number)
    return number
