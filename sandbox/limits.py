"""Guest: the limits that can only be set inside (SANDBOX: processes are counted per user, so not outside)."""

from __future__ import annotations

import resource

from sandbox.request import Limits

# Address space beyond the run's memory. Libraries' text and files mapped for reading are no memory of the run and
# RLIMIT_DATA does not count them: 116 MiB after importing MDAnalysis.
MAPPED_LIBRARIES_BYTES = 512 << 20

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
    _lower(resource.RLIMIT_DATA, data_bytes + limits.memory_bytes)
    _lower(resource.RLIMIT_AS, mapped_bytes + limits.memory_bytes + MAPPED_LIBRARIES_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(kind: int, wanted: int) -> None:
    """Set the soft and the hard limit, unless the hard one is already lower."""
    _, hard = resource.getrlimit(kind)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (value, value))
