import ctypes
import mmap

from tried import libc, tried

libc.mmap.restype = ctypes.c_void_p
GIB = 2**30
NO_ACCESS = 0


def reserve(size, protection, more=0):
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | more
    at = libc.mmap(None, ctypes.c_size_t(size), protection, flags, -1, ctypes.c_long(0))
    if at in (None, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "mmap")
    return at


def attack(universe):
    return tried(
        {
            "unused": lambda: reserve(6 * GIB, NO_ACCESS),
            "not accounted": lambda: reserve(6 * GIB, mmap.PROT_READ | mmap.PROT_WRITE, 0x4000),
            "growing": lambda: reserve(6 * GIB, mmap.PROT_READ | mmap.PROT_WRITE, 0x0100),
            "huge": lambda: reserve(2**46, NO_ACCESS),
            "huge pages": lambda: reserve(2**21, mmap.PROT_READ | mmap.PROT_WRITE, 0x40000),
            "huger pages": lambda: reserve(GIB, mmap.PROT_READ | mmap.PROT_WRITE, 0x40000 | 30 << 26),
        },
        also_refused=("ENOMEM",),
    )
