import os

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "chroot": lambda: os.chroot("/tmp"),
            "pivot_root": lambda: syscall("pivot_root", b".", b"."),
            "chdir": lambda: os.chdir("/in"),
            "fchdir": lambda: os.fchdir(os.open("/", os.O_RDONLY)),
        }
    )
