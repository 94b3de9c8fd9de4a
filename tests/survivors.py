"""Which processes of a driver's own sandboxes are alive; those of other programs of the same user do not count."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends, so that it stays a descendant. Call it at the start."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("the kernel lets this process adopt no orphans")


def descendants(*, of: int | None = None) -> list[int]:
    """Processes that one started, this one unless told otherwise, and those that they started."""
    return _family(os.getpid() if of is None else of)[1:]


def in_sandboxes() -> list[int]:
    """Descendants that are alive in another PID namespace."""
    mine = os.readlink("/proc/self/ns/pid")
    return [process for process in descendants() if _namespace(process) not in (mine, "")]


def command(process: int) -> str:
    """Command line of a process, to name it."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return f"process {process}, which has ended meanwhile"


def _family(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(each) for task in tasks for each in (task / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return [process]
    return [process, *(each for child in children for each in _family(child))]


def _namespace(process: int) -> str:
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:  # it has ended meanwhile
        return ""
