import ctypes
import errno

from tried import syscall, tried

PRIVATE = 128
LOCK, UNLOCK, TRY, WAIT_REQUEUE, COMPARE_REQUEUE, LOCK_2 = 6, 7, 8, 11, 12, 13

word, other = ctypes.c_uint32(0), ctypes.c_uint32(0)


def call(operation):
    try:
        syscall("futex", ctypes.addressof(word), operation, 1, 1, ctypes.addressof(other), 0)
    except BlockingIOError:
        raise PermissionError(errno.EPERM, "not even looked at") from None


def attack(universe):
    return tried(
        {
            "try": lambda: call(TRY | PRIVATE),
            "unlock": lambda: call(UNLOCK | PRIVATE),
            "lock": lambda: call(LOCK | PRIVATE),
            "lock by another clock": lambda: call(LOCK_2 | PRIVATE),
            "wait and move": lambda: call(WAIT_REQUEUE | PRIVATE),
            "move": lambda: call(COMPARE_REQUEUE | PRIVATE),
        }
    )
