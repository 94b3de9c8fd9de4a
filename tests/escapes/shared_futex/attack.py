import ctypes
import errno
import mmap
import os
import struct

from tried import libc, syscall, tried

WAIT, WAKE, WAIT_BITSET, CLOCK_REALTIME = 0, 1, 9, 256
libc.mmap.restype = ctypes.c_void_p


def word():
    file = os.open(os.__file__, os.O_RDONLY)
    at = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_SHARED, file, ctypes.c_long(0))
    return at, struct.unpack("<I", ctypes.string_at(at, 4))[0]


def wait(operation, *more):
    at, value = word()
    try:
        syscall("futex", at, operation, value, struct.pack("<2q", 0, 1), *more)
    except TimeoutError:  # it has waited, and whoever maps the file could have waked it
        return "waited"
    except BlockingIOError:
        raise PermissionError(errno.EPERM, "not even looked at") from None


def attack(universe):
    return tried(
        {
            "wait on a file": lambda: wait(WAIT),
            "wait with a mask": lambda: wait(WAIT_BITSET | CLOCK_REALTIME, 0, 1),
            "wait for many": lambda: syscall("futex_waitv", 0, 0, 0, 0, 0),
            "new wait": lambda: syscall("futex_wait", word()[0], 0, 1, 2, 0, 0),
            "new wake": lambda: syscall("futex_wake", word()[0], 1, 1, 2),
        }
    )
