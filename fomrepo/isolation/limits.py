"""How much of everything one run may use, and why.

A limit that ends a run is reported by its name with what was allowed and what was used. Where a figure is not obvious,
its reason stands beside it.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, replace

__all__ = [
    "CHILDREN_AT_ONCE",
    "LOG_FLOOD_BYTES",
    "RunLimits",
    "holder_limits",
    "holder_resource_limits",
    "resource_limits",
]

MIB = 2**20

#: Root file system of a sandbox: holds mount points and one compiled filter, nothing that a guest writes.
ROOT_TMPFS_BYTES = 1 * MIB

#: Address space beyond the memory limit. Mapped libraries and reserved arenas are not memory in use (Python with numpy
#: and MDAnalysis maps 0.9 GiB and uses 0.15), so the watchdog measures use, and this only stops what outruns it.
ADDRESS_SPACE_SLACK_BYTES = 2048 * MIB

#: The hard end of a guest's CPU time comes this much after the watchdog should have seen it.
CPU_SLACK_S = 2

#: A guest's log beyond its cap is read and dropped; beyond this the guest is flooding and is ended.
LOG_FLOOD_BYTES = 64 * MIB

#: The largest file that a guest may write, in /tmp: no more than the largest /tmp.
FILE_BYTES = 256 * MIB

#: A stack of the usual size; threads take theirs from the address space.
STACK_BYTES = 8 * MIB

#: Progress messages of one run; at the harness's pace of ten a second this is a day.
PROGRESS_MESSAGES = 1_000_000

#: Children that one holder may have, ready, serving or ending.
CHILDREN_AT_ONCE = 16

#: A holder lives until it is evicted.
FOR_EVER_S = 1e9


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may use. All limits are inclusive."""

    #: Memory of all processes of the run together, as proportional set size.
    memory_bytes: int = 1024 * MIB
    #: Seconds by the clock, from the start of the sandbox.
    wall_s: float = 600.0
    #: Seconds of processor time, all threads together.
    cpu_s: float = 600.0
    #: Length of the outcome container.
    result_bytes: int = 64 * MIB
    #: Processes and threads.
    processes: int = 64
    #: Open file descriptors.
    open_files: int = 256
    #: Log lines that are kept: the tail of what the run wrote.
    log_bytes: int = 64 * 1024
    #: Size of /tmp, which is memory.
    tmp_bytes: int = 16 * MIB

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"limit {name} must be above zero, not {getattr(self, name)!r}")


def resource_limits(limits: RunLimits) -> tuple[tuple[int, int], ...]:
    """Kernel limits of the first process of a sandbox: pairs of (``resource.RLIMIT_*``, hard and soft value).

    They are set on that process after its namespaces exist: RLIMIT_NPROC counts per user namespace, and set outside it
    would be shared by all sandboxes of one user.
    """
    return (
        (resource.RLIMIT_AS, limits.memory_bytes + ADDRESS_SPACE_SLACK_BYTES),
        (resource.RLIMIT_CPU, int(limits.cpu_s) + CPU_SLACK_S),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, min(limits.tmp_bytes, FILE_BYTES)),
        (resource.RLIMIT_STACK, STACK_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),  # nothing is pinned
        (resource.RLIMIT_MSGQUEUE, 0),  # no message queues
        (resource.RLIMIT_SIGPENDING, 64),  # also bounds POSIX timers
        (resource.RLIMIT_CORE, 0),  # a core dump would hold the data
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
    )


def holder_limits(memory_bytes: int, child: RunLimits) -> RunLimits:
    """Limits of a holder's sandbox; its memory, with the frames, is without what its children may use."""
    return replace(
        child,
        memory_bytes=memory_bytes,
        wall_s=FOR_EVER_S,
        cpu_s=FOR_EVER_S,
        processes=CHILDREN_AT_ONCE * (child.processes + 1),
    )


def holder_resource_limits(memory_bytes: int, child: RunLimits) -> tuple[tuple[int, int], ...]:
    """Kernel limits of a holder's own process, under which each child sets its own, which are lower.

    A memory file counts as a file: it cannot become longer than the holder's memory.
    """
    own = {
        resource.RLIMIT_AS: memory_bytes + child.memory_bytes + ADDRESS_SPACE_SLACK_BYTES,
        resource.RLIMIT_FSIZE: memory_bytes,
    }
    return tuple((name, own.get(name, value)) for name, value in resource_limits(holder_limits(memory_bytes, child)))
