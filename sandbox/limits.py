"""Guest: the limits that can only be set inside (SANDBOX: processes are counted per user, so not outside)."""

from __future__ import annotations

import resource

from sandbox.request import Limits

# Data beyond the run's memory that the kernel allows, so that the host's watch, which can name the limit, is first. It
# looks every 50 ms, no guest fills memory faster than 4 GB/s, and the stacks of 64 threads count whole, used or not.
# An allocation that is far too large is refused at once. Small ones must not be refused in a run that goes on: a thread
# without memory for its first steps ends, and in CPython the thread that started it then waits for ever.
OUTRUN_MEMORY_BYTES = (256 + 64 * 8) << 20

# Address space beyond the run's memory: libraries, files, and the 64 MiB that glibc reserves for each thread's heap.
RESERVED_BYTES = 2048 << 20

# The host's watchdog ends a run at its CPU limit and says so; this one only stops what outruns the watchdog.
CPU_SLACK_S = 2


def apply_limits(limits: Limits, *, mapped_bytes: int = 0, data_bytes: int = 0) -> None:
    """Lower every limit of this process to what the request allows; none is ever raised.

    Parameters
    ----------
    limits
        What the run may use.
    mapped_bytes, data_bytes
        Address space, and the part of it that counts as data, which a fork has from its holder: not the run's.
    """
    _lower(resource.RLIMIT_NPROC, limits.processes)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_CPU, limits.cpu_s + CPU_SLACK_S)
    _lower(resource.RLIMIT_DATA, data_bytes + limits.memory_bytes + OUTRUN_MEMORY_BYTES)
    _lower(resource.RLIMIT_AS, mapped_bytes + limits.memory_bytes + RESERVED_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(kind: int, wanted: int) -> None:
    """Set the soft and the hard limit, unless the hard one is already lower."""
    _, hard = resource.getrlimit(kind)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (value, value))
