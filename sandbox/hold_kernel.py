"""Guest: the calls of the kernel by which a holder makes its children; Python's standard library has none of them.

Host counterpart: fomrepo/isolation/filters, which allows them to a holder and to nobody else.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
from collections.abc import Iterable

import numpy as np

# linux/sched.h: CLONE_NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. The filter allows these together, and no others.
NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
CLONE_SYSCALL = {"x86_64": 56, "aarch64": 220}
SHUT_WR = 1  # sys/socket.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h
MAP_FIXED = 0x10  # linux/mman.h
MADV_COLLAPSE = 25  # linux/mman.h; older kernels know none and refuse it
HUGE_PAGE_BITS = 21
HUGE_PAGE = 1 << HUGE_PAGE_BITS
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h

# PyDLL keeps the interpreter's lock during a call: between a fork and its aftermath nothing else runs.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_long = ctypes.c_long


def fork_into_namespaces() -> int:
    """Fork; the child is process 1 of namespaces of its own. Returns as `os.fork` does.

    The process must have one thread. The C library keeps in the child what it knew of the parent's thread id, which
    nothing here asks it for.

    Raises
    ------
    OSError
        The kernel refused it.
    """
    number = CLONE_SYSCALL[os.uname().machine]
    process: int = _libc.syscall(_long(number), _long(NEW_NAMESPACES | signal.SIGCHLD), *[_long(0)] * 4)
    if process < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"the kernel made no namespaces within the sandbox: {os.strerror(error)}")
    if process == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return process


def drop_capabilities() -> None:
    """Give away what a new user namespace gave: none is left, and none can come back."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "a child to drop its capabilities")


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, _long(signal.SIGKILL), *[_long(0)] * 3), "a child to end with its holder")


def gather_into_huge_pages(objects: Iterable[object]) -> None:
    """Let the memory in which objects lie be mapped in pieces of 2 MiB, as far as the kernel does that.

    A fork copies an entry for each page, and the end of a process takes each away again: for 70 MiB of modules and
    topology in pages of 4 KiB that is most of what either costs.
    """
    for piece in {id(each) >> HUGE_PAGE_BITS for each in objects}:
        start = ctypes.c_void_p(piece << HUGE_PAGE_BITS)
        _libc.madvise(start, ctypes.c_size_t(1 << HUGE_PAGE_BITS), MADV_COLLAPSE)


def map_for_huge_pages(file: int, size: int, *, sharing: int, protection: int) -> memoryview:
    """Map a file at an address at which its memory may lie in pages of 2 MiB; mmap alone may choose another.

    Parameters
    ----------
    file
        Its descriptor, which may be closed afterwards.
    size
        Bytes from its beginning.
    sharing
        MAP_SHARED or MAP_PRIVATE.
    protection
        PROT_READ, with PROT_WRITE or without.
    """
    place = mmap.mmap(-1, size + HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=protection)
    start = _address(place)
    skipped = -start % HUGE_PAGE
    wanted = ctypes.c_void_p(start + skipped)
    mapped = _libc.mmap(wanted, ctypes.c_size_t(size), protection, sharing | MAP_FIXED, file, _long(0))
    _check(int(mapped != wanted.value), "a mapping of the frames")
    return memoryview(place)[skipped : skipped + size]


def make_huge_pages(memory: memoryview) -> None:
    """Put empty shared memory into pages of 2 MiB, as far as it fills such and the kernel does that.

    Frames in pages of 4 KiB cost a fault for each of them, when they are decoded and in every child that reads them.

    Parameters
    ----------
    memory
        A part of what `map_for_huge_pages` gave, shared; others may be writing to it.
    """
    start = _address(memory)
    first, last = -start % HUGE_PAGE, len(memory) - (start + len(memory)) % HUGE_PAGE
    for place in range(first, last, HUGE_PAGE):
        memory[place]  # looked at: where there is no page at all, the kernel makes no huge one
    if first < last:
        _libc.madvise(ctypes.c_void_p(start + first), ctypes.c_size_t(last - first), MADV_COLLAPSE)


def hang_up(descriptor: int) -> None:
    """End what goes out on a socket, also where a method has made copies of its descriptor."""
    _check(_libc.shutdown(descriptor, SHUT_WR), "a child to end its answer")


def _address(memory: mmap.mmap | memoryview) -> int:
    address: int = np.frombuffer(memory, np.uint8).ctypes.data
    return address


def _check(result: int, wanted: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"the kernel refused {wanted}: {os.strerror(error)}")
