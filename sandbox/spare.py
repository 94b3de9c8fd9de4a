"""Guest: a spare: what a holder is when its imports are done, ahead of the files; it is handed those of one call, once.

Host counterpart: fomrepo/isolation/spare. The steps are those of docs/guest-protocol.md.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import socket

import sandbox.hold  # noqa: F401  # what else a holder imports
from sandbox.hold_kernel import gather_into_huge_pages
from sandbox.request import ORIGINALS

HOST_DESCRIPTOR = 3
DATA_FOLDER = "/in"
READY = b"r"
LENGTH_BYTES = 8
FILES_LIMIT = 32


def wait_for_files() -> None:
    """Say that everything is imported, wait, copy each file to where it would be bound in another holder, say so."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    gc.collect()
    gather_into_huge_pages(gc.get_objects())
    gc.freeze()
    os.write(HOST_DESCRIPTOR, READY)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=HOST_DESCRIPTOR)  # the kernel is not asked
    length, descriptors, _, _ = socket.recv_fds(control, LENGTH_BYTES, FILES_LIMIT)
    if not length:
        os._exit(0)  # it was not needed
    names = json.loads(control.recv(int.from_bytes(length, "little"), socket.MSG_WAITALL))
    control.detach()
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    for name, descriptor in zip(names, descriptors, strict=True):
        _copy(descriptor, os.path.join(DATA_FOLDER, name))
        os.close(descriptor)
    os.chmod(DATA_FOLDER, 0o555)  # noqa: S103 - read-only
    os.write(HOST_DESCRIPTOR, READY)


def _copy(source: int, path: str) -> None:
    """Copy an open file, and remember which one it was."""
    ORIGINALS[path] = os.fstat(source)
    size = ORIGINALS[path].st_size
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    if size:
        with mmap.mmap(source, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as content, memoryview(content) as bytes_of_it:
            done = 0
            while done < size:
                done += os.write(target, bytes_of_it[done:])
    os.close(target)
