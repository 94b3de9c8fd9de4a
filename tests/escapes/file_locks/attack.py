import fcntl
import os

from tried import syscall, tried

DATA = "/in/universe.structure.pdb"


def attack(universe):
    return tried(
        {
            "fcntl": lambda: fcntl.lockf(open(DATA, "rb"), fcntl.LOCK_SH),
            "flock": lambda: fcntl.flock(open(DATA, "rb"), fcntl.LOCK_SH),
            "open file": lambda: syscall("fcntl", os.open(DATA, os.O_RDONLY), 37, bytes(32)),
            "look at a lock": lambda: syscall("fcntl", os.open(DATA, os.O_RDONLY), 5, bytes(32)),
            "lease": lambda: fcntl.fcntl(os.open(DATA, os.O_RDONLY), 1024, fcntl.F_RDLCK),
            "look at a lease": lambda: fcntl.fcntl(os.open(DATA, os.O_RDONLY), 1025),
            "directory notification": lambda: fcntl.fcntl(os.open("/in", os.O_RDONLY), 1026, 1),
            "write hint": lambda: syscall("fcntl", os.open(DATA, os.O_RDONLY), 1036, bytes(8)),
        }
    )
