"""How many heaps the C library keeps for a site's threads.

glibc gives up to eight to each core. A site has dozens of threads, through which large files pass in pieces; what one
heap keeps for later, another one takes anew from the kernel. ``script/bench deposit`` brought a site to 262 MiB, and
with two heaps to 166; a hot null call of ``script/bench calls --short`` took 11.0 ms without a limit, 10.7 with two.
"""

from __future__ import annotations

import ctypes

#: Heaps of a site: one for the thread that has Python's lock, one for those that work without it.
HEAPS = 2
#: malloc.h
M_ARENA_MAX = -8


def keep_few_heaps() -> None:
    """Let all threads of this process that are started from now on share ``HEAPS`` heaps, where the C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries than glibc
        mallopt(M_ARENA_MAX, HEAPS)
