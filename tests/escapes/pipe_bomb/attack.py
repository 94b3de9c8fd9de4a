import fcntl
import os
import select

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "pipe": os.pipe,
            "packets": lambda: os.pipe2(0o40000),
            "pipe size": lambda: fcntl.fcntl(1, 1031, 2**20),
            "event": lambda: os.eventfd(0),
            "epoll": select.epoll,
            "signal": lambda: syscall("signalfd4", -1, bytes(8), 8, 0),
            "splice": lambda: syscall("splice", -1, 0, -1, 0, 0, 0),
            "tee": lambda: syscall("tee", -1, -1, 1, 0),
            "gift": lambda: syscall("vmsplice", 1, 0, 0, 0),
            "copy": lambda: os.copy_file_range(0, 1, 1),
            "send file": lambda: os.sendfile(1, 0, 0, 1),
        }
    )
