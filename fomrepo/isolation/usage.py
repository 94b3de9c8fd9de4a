"""What the processes of a sandbox use, read from the host's /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ProcessUse",
    "Usage",
    "measure_held_child",
    "measure_process",
    "measure_usage",
    "parent_and_memory",
    "processes_of_namespace",
    "unique_bytes",
]

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

#: Fields of /proc/PID/stat after the name in parentheses: parent; utime, stime, cutime, cstime; resident pages.
PARENT_FIELD = 1
CPU_FIELDS = slice(11, 15)
RESIDENT_FIELD = 21


@dataclass(frozen=True, slots=True)
class Usage:
    """What all processes of one sandbox use together, now."""

    #: Resident set; where that is above what is allowed, the proportional set, which counts shared pages once. At least
    #: what a single process had of its own at its peak, which the kernel keeps, so that no burst is missed.
    memory_bytes: int
    #: Processor time of the living, and of those that they waited for.
    cpu_s: float
    #: Processes, not threads.
    processes: int


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What one process uses now; all zero if it has ended."""

    parent: int
    resident_bytes: int
    cpu_s: float


def measure_process(process: int) -> ProcessUse:
    """Measure one process in one look, which takes some microseconds."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ProcessUse(0, 0, 0.0)
    cpu_s = sum(map(int, fields[CPU_FIELDS])) / TICKS_PER_S
    return ProcessUse(int(fields[PARENT_FIELD]), int(fields[RESIDENT_FIELD]) * PAGE_BYTES, cpu_s)


def unique_bytes(first: int, *, at_least_shared: int) -> int:
    """Memory of a sandbox with each page counted once.

    Parameters
    ----------
    first
        Its first process.
    at_least_shared
        Bytes of a memory file that it holds; a page of it that no process has touched yet is on nobody's account.
    """
    sizes = [_sizes(each, "smaps_rollup", ("Pss_Anon", "Pss_File", "Pss_Shmem")) for each in _family(first)]
    shared = sum(each[2] for each in sizes)
    return sum(each[0] + each[1] for each in sizes) + max(shared, at_least_shared)


def parent_and_memory(process: int) -> tuple[int, int]:
    """Return a new child's parent, and the bytes of memory that it has from it: frames and files do not count."""
    lines = _text(Path(f"/proc/{process}/status")).splitlines()
    stated = dict(line.split(":", 1) for line in lines if line.startswith(("PPid:", "RssAnon:")))
    return int(stated.get("PPid", 0)), int(stated.get("RssAnon", "0 kB").split()[0]) * 1024


def measure_held_child(process: int, *, allowed_memory_bytes: int, held_bytes: int, inherited_bytes: int) -> Usage:
    """Measure a child of a holder, without the frames that the holder has in memory for all.

    Parameters
    ----------
    process
        Of the child; it has no others.
    allowed_memory_bytes
        As for ``measure_usage``.
    held_bytes
        Length of the memory file with the frames, of which the child may have touched any part.
    inherited_bytes
        Memory that it had when it was ready: the holder's, or in place of it.
    """
    peak, *sizes = _sizes(process, "status", ("VmHWM", "RssAnon", "RssFile", "RssShmem"))
    memory = _without_held(sizes, held_bytes)
    if memory > allowed_memory_bytes:
        proportional = _sizes(process, "smaps_rollup", ("Pss_Anon", "Pss_File", "Pss_Shmem"))
        memory = min(memory, _without_held(proportional, held_bytes))
    memory = max(memory, peak - sizes[1] - sizes[2] - inherited_bytes)
    return Usage(memory, _cpu_s(process), 1)


def measure_usage(first: int, *, allowed_memory_bytes: int, each_further_bytes: int = 0) -> Usage:
    """Measure a sandbox by its first process, whose descendants are all others.

    Reading a proportional set walks page tables, so it is read only when the cheap upper bound is over the limit.
    Processes that end meanwhile count nothing.

    Parameters
    ----------
    first
        The first process.
    allowed_memory_bytes, each_further_bytes
        The limit, and what it rises by for each process beside the first.
    """
    processes = list(_family(first))
    memory = sum(_resident_bytes(each) for each in processes)
    if memory > allowed_memory_bytes + each_further_bytes * (len(processes) - 1):
        memory = min(memory, sum(_proportional_bytes(each) for each in processes))
    if processes == [first]:
        peak, files, shared = _sizes(first, "status", ("VmHWM", "RssFile", "RssShmem"))
        memory = max(memory, peak - files - shared)
    return Usage(memory, sum(_cpu_s(each) for each in processes), len(processes))


def processes_of_namespace(pid_namespace: int) -> list[int]:
    """Processes of this user that are alive in a PID namespace, by its number."""
    named = f"pid:[{pid_namespace}]"
    return sorted(int(each.name) for each in Path("/proc").glob("[0-9]*") if _link(each / "ns" / "pid") == named)


def _family(first: int) -> Iterator[int]:
    yield first
    try:
        tasks = os.listdir(f"/proc/{first}/task")
    except OSError:  # it has ended
        return
    for task in tasks:
        for child in _text(Path(f"/proc/{first}/task/{task}/children")).split():
            yield from _family(int(child))


def _resident_bytes(process: int) -> int:
    fields = _text(Path(f"/proc/{process}/statm")).split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def _proportional_bytes(process: int) -> int:
    for line in _text(Path(f"/proc/{process}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident_bytes(process)


def _sizes(process: int, file: str, names: tuple[str, ...]) -> list[int]:
    """Sizes in bytes that a file of a process's /proc states in lines ``Name: 12 kB``; zero where it has ended."""
    stated = dict(line.split(":", 1) for line in _text(Path(f"/proc/{process}/{file}")).splitlines() if " kB" in line)
    return [int(stated[name].split()[0]) * 1024 if name in stated else 0 for name in names]


def _without_held(sizes: list[int], held_bytes: int) -> int:
    """Add up memory of one's own, files, and what is shared beyond the frames."""
    own, files, shared = sizes
    return own + files + max(0, shared - held_bytes)


def _cpu_s(process: int) -> float:
    _, _, after_name = _text(Path(f"/proc/{process}/stat")).rpartition(")")
    return sum(int(ticks) for ticks in after_name.split()[CPU_FIELDS]) / TICKS_PER_S


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:  # another user's, or gone
        return ""


def _text(path: Path) -> str:
    """Read a file of /proc; empty if its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
