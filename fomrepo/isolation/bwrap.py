"""A policy as the arguments of bubblewrap: a pure function.

The order of the arguments is the order in which bubblewrap mounts: first an empty root, then what is visible, at last
the root read-only.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.limits import ROOT_TMPFS_BYTES
from fomrepo.isolation.policy import DEVICES, HOLDER_FILTER_PATH, NOBODY, SECOND_FILTER_PATH, GuestPolicy

__all__ = [
    "BASE_FILTER_FD",
    "BLOCK_FD",
    "GUEST_FD",
    "HOLDER_FILTER_FD",
    "INFO_FD",
    "SECOND_FILTER_FD",
    "bwrap_arguments",
    "find_bwrap",
]

#: The guest's end of the socket on which it answers; the only descriptor besides the three standard ones that it keeps.
GUEST_FD = 3
#: bubblewrap reads the base filter here, and closes it.
BASE_FILTER_FD = 4
#: bubblewrap copies the second filter from here into a file, and closes it.
SECOND_FILTER_FD = 5
#: bubblewrap writes here which process is the sandbox's first, and closes it.
INFO_FD = 6
#: The sandbox's first process waits for the end of this one before it goes on, so that it can be limited first.
BLOCK_FD = 7
#: bubblewrap copies a holder's filter from here into a file, and closes it. Guests have none.
HOLDER_FILTER_FD = 8

#: Everything that is not about files.
SEPARATION = (
    "--unshare-all",  # user, mount, pid, net, ipc, uts, cgroup
    "--unshare-user",  # and fail where there is no user namespace, rather than go on without
    "--uid", str(NOBODY), "--gid", str(NOBODY),
    "--hostname", "guest",
    "--cap-drop", "ALL",
    "--new-session",  # no terminal to type into
    "--die-with-parent",
    "--as-pid-1",  # no process of bubblewrap inside, which would have the weaker filter
    "--clearenv",
)  # fmt: skip

#: A guest makes no further user namespaces; a holder makes one for each child, which its filter allows in one form.
NO_FURTHER_USER_NAMESPACES = ("--disable-userns", "--assert-userns-disabled")


def find_bwrap() -> str:
    """Absolute path of bubblewrap.

    Raises
    ------
    SandboxUnavailableError
        It is not installed.
    """
    found = shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin")
    if found is None:
        raise SandboxUnavailableError("bubblewrap is not installed", remedy="apt install bubblewrap")
    return found


def bwrap_arguments(policy: GuestPolicy, bwrap: str) -> tuple[str, ...]:
    """Program and arguments that start a guest under a policy.

    The descriptors are those named in this module.
    """
    closed = NO_FURTHER_USER_NAMESPACES if policy.kind == "guest" else ()
    return (bwrap, *SEPARATION, *closed, *_descriptors(), *_files(policy), "--chdir", "/", "--", *policy.program)


def _descriptors() -> tuple[str, ...]:
    return ("--seccomp", str(BASE_FILTER_FD), "--info-fd", str(INFO_FD), "--block-fd", str(BLOCK_FD))


def _files(policy: GuestPolicy) -> Iterator[str]:
    yield from ("--size", str(ROOT_TMPFS_BYTES), "--perms", "0755", "--tmpfs", "/")
    yield from ("--dir", "/dev")
    yield from chain.from_iterable(("--dev-bind", device, device) for device in DEVICES)
    yield from chain.from_iterable(("--ro-bind", str(bind.source), bind.inside) for bind in policy.binds)
    for folder in policy.covered:
        yield from ("--size", "4096", "--perms", "0555", "--tmpfs", folder, "--remount-ro", folder)
    yield from ("--perms", "0444", "--file", str(SECOND_FILTER_FD), SECOND_FILTER_PATH)
    if policy.kind == "holder":
        yield from ("--perms", "0444", "--file", str(HOLDER_FILTER_FD), HOLDER_FILTER_PATH)
    if policy.room_bytes:
        yield from ("--size", str(policy.room_bytes), "--perms", "0755", "--tmpfs", "/in")
    yield from ("--size", str(policy.tmp_bytes), "--perms", "0700", "--tmpfs", "/tmp")  # noqa: S108 - the sandbox's own
    yield from chain.from_iterable(("--setenv", name, value) for name, value in policy.variables)
    yield from ("--remount-ro", "/")
