import fcntl
import os

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "owner": lambda: fcntl.fcntl(1, fcntl.F_SETOWN, os.getpid()),
            "owner is a group": lambda: fcntl.fcntl(1, fcntl.F_SETOWN, -1),
            "owner by struct": lambda: syscall("fcntl", 1, 15, bytes(8)),
            "which signal": lambda: fcntl.fcntl(1, 10, 9),
            "asynchronous": lambda: syscall("ioctl", 1, 0x5452, b"\x01\0\0\0"),
            "owner of the socket": lambda: syscall("ioctl", 3, 0x8902, b"\x01\0\0\0"),
        }
    )
