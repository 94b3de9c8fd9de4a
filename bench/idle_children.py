"""What children that wait for a call cost: the memory that would be free if one ended (USS)."""

from __future__ import annotations

from pathlib import Path

#: In the command line of everything that runs behind the wall.
HARNESS = b"/harness/"

PRIVATE = ("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")


def idle_children_uss(site: int) -> list[int]:
    """Bytes that each idle child of a site has for itself.

    Parameters
    ----------
    site
        Process id of the site. A child was forked by a guest that waits, and has forked nothing itself.
    """
    parents = _parents()
    guests = {pid for pid in _below(site, parents) if HARNESS in _read(pid, "cmdline")}
    forked = {pid for pid in guests if parents[pid] in guests and b"bwrap" not in _read(parents[pid], "comm")}
    return [_private_bytes(pid) for pid in forked if pid not in parents.values()]


def _parents() -> dict[int, int]:
    """Parent of every process on this machine."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (content := _read(int(folder.name), "stat")):
            found[int(folder.name)] = int(content.rpartition(b")")[2].split()[1])
    return found


def _below(ancestor: int, parents: dict[int, int]) -> set[int]:
    """Processes that descend from one."""
    found: set[int] = set()
    fresh = {ancestor}
    while fresh := {pid for pid, parent in parents.items() if parent in fresh}:
        found |= fresh
    return found


def _read(pid: int, name: str) -> bytes:
    """Content of a file of a process; nothing if it has ended."""
    try:
        return (Path("/proc") / str(pid) / name).read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _private_bytes(pid: int) -> int:
    lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(PRIVATE))
