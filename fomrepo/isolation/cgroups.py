"""A memory cgroup for each run, where one may be made: the kernel then holds what the warden only watches.

One may be made where a folder for guests could be set up beforehand: by root before it becomes the service user, or by
an ordinary user whose own cgroup was delegated to it and holds nothing but the site (a systemd service with
``Delegate=yes``). Both versions are known: the first, where memory is a tree of its own, and the second, where a cgroup
with children may hold no process, so that the site itself moves into a leaf beside the guests.

Processes are not limited here: RLIMIT_NPROC counts them per user namespace, which is per run.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GuestCgroups", "RunCgroup", "find_guest_cgroups", "prepare_guest_cgroups"]

#: Name of the cgroup of a run: the warden's process, and the run's first.
RUN = "{warden}-{first}"

#: Folder in the site's own cgroup, one a user, in which each run gets a folder.
GUESTS = "fomrepo-guests-{uid}"

#: Folder into which the site moves itself, in version two.
SITE = "fomrepo-site"

#: The kernel's limit lies this much above the run's, so that the warden, which can name it, is first. It also covers
#: what only the kernel counts: page tables, buffers of the socket and of the log.
CGROUP_SLACK_BYTES = 64 * 2**20

#: A cgroup can be removed when the kernel has let go of its last process.
REMOVE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class GuestCgroups:
    """Where cgroups for guests may be made."""

    #: The folder for guests.
    folder: Path
    #: Name of the file that holds the limit.
    limit_file: str
    #: Name of the file that counts kills, in a line ``oom_kill N``.
    kills_file: str

    def make(self, first: int, memory_bytes: int) -> RunCgroup:
        """Make the cgroup of one run, by its first process.

        Raises
        ------
        OSError
            The kernel refused it.
        """
        name = RUN.format(warden=os.getpid(), first=first)
        cgroup = RunCgroup(self.folder / name, self.limit_file, self.kills_file)
        cgroup.folder.mkdir()
        cgroup.limit(memory_bytes)
        with suppress(OSError):  # where nothing is ever swapped, there is no such file
            (cgroup.folder / "memory.swap.max").write_text("0")
        return cgroup

    def sweep(self) -> None:
        """Remove what wardens left behind that were killed; other sites of this user have theirs here, too."""
        for left in self.folder.glob(RUN.format(warden="[0-9]*", first="[0-9]*")):
            if not Path("/proc", left.name.partition("-")[0]).exists():
                with suppress(OSError):
                    left.rmdir()


@dataclass(frozen=True, slots=True)
class RunCgroup:
    """The cgroup of one run."""

    folder: Path
    limit_file: str
    kills_file: str

    def limit(self, memory_bytes: int) -> None:
        """Set the limit of all that is in it, or lower it."""
        (self.folder / self.limit_file).write_text(str(memory_bytes + CGROUP_SLACK_BYTES))

    def add(self, process: int) -> None:
        """Put a process, and all that it will start, into it."""
        (self.folder / "cgroup.procs").write_text(str(process))

    def killed(self) -> bool:
        """Whether the kernel ended a process in it for want of memory."""
        lines = (self.folder / self.kills_file).read_text().splitlines()
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)

    def remove(self) -> None:
        """Remove it; its processes have ended."""
        deadline = time.monotonic() + REMOVE_TIMEOUT_S
        while True:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    return  # an empty cgroup is no harm
                time.sleep(0.005)
            else:
                return


def find_guest_cgroups() -> GuestCgroups | None:
    """Where this process may make cgroups for guests; None if it may not."""
    for own, limit_file, kills_file in _own_cgroups():
        parent = own.parent if own.name == SITE else own
        guests = parent / GUESTS.format(uid=os.getuid())
        if os.access(guests, os.W_OK):
            return GuestCgroups(guests, limit_file, kills_file)
    return None


def prepare_guest_cgroups(uid: int, gid: int) -> None:
    """Set up the folder for guests, if this process may, for the user whom it will be.

    Where it may not, nothing happens: the warden watches alone.
    """
    with suppress(OSError):
        for own, limit_file, _ in _own_cgroups():
            guests = own / GUESTS.format(uid=uid)
            if limit_file == V1_FILES[0]:
                guests.mkdir(exist_ok=True)
                os.chown(guests, uid, gid)
            elif (own / "cgroup.procs").read_text().split() == [str(os.getpid())]:
                _divide(own, guests, uid, gid)


def _divide(own: Path, guests: Path, uid: int, gid: int) -> None:
    """Move this process into a leaf of its own cgroup, and make the folder for guests beside it."""
    for folder in (own / SITE, guests):
        folder.mkdir(exist_ok=True)
    (own / SITE / "cgroup.procs").write_text(str(os.getpid()))
    for folder in (own, guests):
        (folder / "cgroup.subtree_control").write_text("+memory")
    # Whoever moves a process needs to write to both ends and to the cgroup that has both in it.
    for path in (own / "cgroup.procs", guests, guests / "cgroup.procs"):
        os.chown(path, uid, gid)


#: (file of the limit, file of the kills) in either version.
V1_FILES = ("memory.limit_in_bytes", "memory.oom_control")
V2_FILES = ("memory.max", "memory.events")


def _own_cgroups() -> list[tuple[Path, str, str]]:
    """Return this process's own cgroups that limit memory, with the names of the two files; at most one has them."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths["memory" if "memory" in controllers.split(",") else controllers] = path
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, mounted_at = before.split()[3:5]
        kind, _, options = after.split(maxsplit=2)
        if kind == "cgroup" and "memory" in options.split(",") and "memory" in paths:
            found.append((_within(mounted_at, root, paths["memory"]), *V1_FILES))
        elif kind == "cgroup2" and "" in paths and "memory" not in paths:
            found.append((_within(mounted_at, root, paths[""]), *V2_FILES))
    return found


def _within(mounted_at: str, root: str, path: str) -> Path:
    """Folder of a cgroup, where a mount may show only a part of the tree."""
    inside = path.removeprefix(root) if root != "/" else path
    return Path(mounted_at) / inside.lstrip("/")
