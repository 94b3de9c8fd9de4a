"""How the C library keeps memory for a site's threads.

glibc gives up to eight heaps to each core. A site has dozens of threads, through which large files pass in pieces; what
one heap keeps for later, another takes anew from the kernel. ``script/bench deposit`` brought a site to 262 MiB, and
with two heaps to 166; a hot null call of ``script/bench calls --short`` took 11.0 ms without a limit, 10.7 with two.

Heaps that are few are also trimmed more often: a result of 1 MiB went through memory that the kernel had to clear anew
for each reply. So what a message needs stays with its heap.
"""

from __future__ import annotations

import ctypes

#: Heaps of a site: one for the thread that has Python's lock, one for those that work without it.
HEAPS = 2
#: What a heap keeps at its end for later, and what is so large that it gets a mapping of its own; messages are smaller.
KEPT_BYTES = 16 * 2**20
MAPPED_BYTES = 8 * 2**20
#: malloc.h
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


def keep_few_heaps() -> None:
    """Let all threads of this process that are started from now on share ``HEAPS`` heaps, where the C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries than glibc
        mallopt(M_ARENA_MAX, HEAPS)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
