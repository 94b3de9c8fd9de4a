"""Becoming the service user: root starts a site, and never runs one.

bubblewrap started by root stays root outside the sandbox, whatever the user id inside says, so a site started by root
first becomes an ordinary user, wholly and for good. That user may not be able to reach the program itself: a checkout
or a Python under a home of mode 0700. Then the process first takes a private mount namespace, in which the closed
folder is covered by an empty one that holds nothing but the paths that are needed, each at its own place.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from fomrepo.errors import SandboxUnavailableError
from fomrepo.installed_files import package_place
from fomrepo.isolation import kernel_calls
from fomrepo.isolation.cgroups import prepare_guest_cgroups
from fomrepo.isolation.environment import default_environments_folder

__all__ = ["ServiceUser", "drop_to_service_user", "find_service_user"]

#: Where there is no service user: nobody, by number, as every Linux has it. docs/adr says why none is created.
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Whom a site started by root becomes."""

    uid: int
    gid: int
    home: Path


def find_service_user(name: str = "fomrepo") -> ServiceUser:
    """User of that name, or of that number; nobody if there is no such name.

    Raises
    ------
    SandboxUnavailableError
        It is root.
    """
    found = _entry(name)
    if 0 in (found.uid, found.gid):
        raise SandboxUnavailableError(
            f"the service user {name!r} is root", remedy="name an ordinary one, or: useradd --system fomrepo"
        )
    return found


def _entry(name: str) -> ServiceUser:
    if name.isdecimal():
        return ServiceUser(int(name), int(name), Path("/nonexistent"))
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return ServiceUser(NOBODY, NOBODY, Path("/nonexistent"))
    return ServiceUser(entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))


def drop_to_service_user(keep: tuple[Path, ...], user: str = "fomrepo", *, own: tuple[Path, ...] = ()) -> None:
    """Become the service user for good, if this process is root; otherwise stay who it is.

    Either way a cgroup for guests is set up where that may be. Root's folder of guest environments is made and becomes
    the service user's. Call it before any thread is started.

    Parameters
    ----------
    keep
        Files and folders that must stay readable. This Python, its packages and fomrepo's own files always do.
    user
        Name of the service user, or a number that is both its user and its group id; without a user of that name it
        is nobody (65534).
    own
        Folders that become the service user's and stay writable: a site's home. Made if missing.

    Raises
    ------
    SandboxUnavailableError
        Threads are running, the kernel refuses a private mount namespace, or a path stays out of reach.
    """
    if os.geteuid() != 0:
        prepare_guest_cgroups(os.geteuid(), os.getegid())
        return
    if threading.active_count() != 1:
        raise SandboxUnavailableError("the service user can only be taken on before threads are started")
    becoming = find_service_user(user)
    # 1. What is root's decision stays so, whatever HOME says afterwards.
    environments = default_environments_folder()
    os.environ["FOMREPO_ENVIRONMENTS"] = str(environments)
    # 2. Hand over what the service user shall own; of the environments, which are large, only the places.
    writable = tuple(each.absolute() for each in (environments, *own))
    for folder in writable:
        if len(folder.parts) < 3:  # a slip, such as own=(Path("/home"),), would take a whole system away from root
            raise SandboxUnavailableError(f"{folder} is not a folder of a site's own", remedy="name one below it")
        folder.mkdir(parents=True, exist_ok=True)
        _hand_over(folder, becoming, levels=1 if folder == environments else None)
    # 3. Make what it needs reachable.
    readable = tuple(each.absolute() for each in (*_this_program(), *keep) if each.exists())
    try:
        _open_ways(readable, writable, becoming)
    except OSError as error:
        raise SandboxUnavailableError(
            f"the service user cannot be given a way to fomrepo's files: {error}",
            remedy="install fomrepo where every user can read it, such as /opt, or start the site as an ordinary user",
        ) from None
    prepare_guest_cgroups(becoming.uid, becoming.gid)
    # 4. Become that user, wholly: no groups of root's, no saved ids, no capabilities.
    os.chdir("/")
    os.setgroups([])
    os.setresgid(becoming.gid, becoming.gid, becoming.gid)
    os.setresuid(becoming.uid, becoming.uid, becoming.uid)
    kernel_calls.allow_own_processes_to_look()
    os.environ.update(HOME=str(becoming.home), USER=user, LOGNAME=user)
    os.umask(0o077)
    # 5. Look whether it is so.
    _assert_dropped(becoming)
    for path in (*readable, *writable):
        if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise SandboxUnavailableError(
                f"{path} cannot be read by the service user",
                remedy=f"chmod -R a+rX {quote(str(path))}",
                facts={"path": str(path)},
            )


def _this_program() -> list[Path]:
    """Everything that this process may still import or run."""
    imported_from = [Path(entry) for entry in sys.path if entry]
    return [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable), package_place(), *imported_from]


def _hand_over(folder: Path, to: ServiceUser, *, levels: int | None) -> None:
    """Make a folder and some levels below it, or all, the service user's; links are changed, not followed."""
    for parent, folders, files in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in (*folders, *files))):
            entry = os.lstat(path)
            if (entry.st_uid, entry.st_gid) != (to.uid, to.gid):  # a needless change would touch every ctime
                os.lchown(path, to.uid, to.gid)
        if levels is not None and len(Path(parent).relative_to(folder).parts) + 1 >= levels:
            folders.clear()


def _open_ways(readable: tuple[Path, ...], writable: tuple[Path, ...], user: ServiceUser) -> None:
    """Cover each folder on the way that the user cannot pass by an empty one that holds the needed paths alone."""
    wanted: dict[Path, list[Path]] = {}
    for path in sorted({each.resolve() for each in (*readable, *writable)} | {*readable, *writable}):
        barrier = _barrier(path, user)
        if barrier is not None and not any(path.is_relative_to(each) for each in wanted.get(barrier, ())):
            wanted.setdefault(barrier, []).append(path)
    if not wanted:
        return
    kernel_calls.private_mount_namespace()
    to_write = {each.resolve() for each in writable}
    for barrier, paths in wanted.items():
        _cover(barrier, paths, to_write)


def _barrier(path: Path, user: ServiceUser) -> Path | None:
    """Return the topmost folder above a path that the user cannot pass."""
    for ancestor in reversed(path.parents):
        if not _can_pass(ancestor.stat(), user):
            return ancestor
    return None


def _can_pass(entry: os.stat_result, user: ServiceUser) -> bool:
    if entry.st_uid == user.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == user.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _cover(barrier: Path, paths: list[Path], to_write: set[Path]) -> None:
    """Bind the paths aside, cover the folder, and bind them back."""
    with tempfile.TemporaryDirectory(prefix="fomrepo-", ignore_cleanup_errors=True) as aside:
        kernel_calls.mount_tmpfs(aside)
        kept = [(path, Path(aside) / str(number)) for number, path in enumerate(paths)]
        for path, place in kept:
            _make_place(path, place)
            kernel_calls.bind_mount(str(path), str(place))
        kernel_calls.mount_tmpfs(str(barrier))
        for path, place in kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_place(place, path)
            kernel_calls.bind_mount(str(place), str(path))
            if not any(each.is_relative_to(path) for each in to_write):
                kernel_calls.remount_read_only(str(path))
        for _, place in kept:
            kernel_calls.unmount(str(place))
        kernel_calls.unmount(aside)


def _make_place(like: Path, place: Path) -> None:
    """Make an empty file or folder to mount on."""
    if like.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()


def _assert_dropped(becoming: ServiceUser) -> None:
    ids = {*os.getresuid(), becoming.uid} | {*os.getresgid(), becoming.gid}
    if 0 in ids or os.getgroups():
        raise SandboxUnavailableError("root's rights could not be given up")
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise SandboxUnavailableError("root's rights could be taken back")
