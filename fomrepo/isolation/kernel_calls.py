"""The few calls of the kernel that Python's standard library does not have."""

from __future__ import annotations

import ctypes
import os

__all__ = ["allow_own_processes_to_look", "bind_mount", "mount_tmpfs", "private_mount_namespace", "remount_read_only"]

# linux/mount.h, linux/sched.h, linux/prctl.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
CLONE_NEWNS = 0x00020000
PR_SET_DUMPABLE = 4

_libc = ctypes.CDLL(None, use_errno=True)


def private_mount_namespace() -> None:
    """Give this thread mounts of its own, of which nobody else sees anything.

    Call it while there is only one thread.
    """
    _checked(_libc.unshare(CLONE_NEWNS), "a mount namespace of its own")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)


def bind_mount(source: str, target: str) -> None:
    """Let a file or folder, with what is mounted below it, also appear at another path."""
    _mount(source, target, None, MS_BIND | MS_REC)


def remount_read_only(target: str) -> None:
    """Make a bind mount read-only, without devices and without programs that change the user."""
    _mount("none", target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def mount_tmpfs(target: str) -> None:
    """Cover a folder with an empty one that everybody may enter and only root may fill."""
    _mount("fomrepo", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")


def unmount(target: str) -> None:
    """Undo a mount of this namespace as soon as nothing uses it."""
    _checked(_libc.umount2(os.fsencode(target), 2), f"the end of the mount at {target}")


def allow_own_processes_to_look() -> None:
    """Let processes of this user read this one's /proc again, which a change of the user takes away until exec."""
    _checked(_libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "a /proc of its own")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    _checked(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"a mount at {target}")


def _checked(result: int, wanted: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the kernel refused {wanted}: {os.strerror(number)}")
