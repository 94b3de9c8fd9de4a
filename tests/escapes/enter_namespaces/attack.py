import os

from tried import syscall, tried

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def attack(universe):
    return tried(
        {
            **{f"see {kind}": lambda kind=kind: os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in KINDS},
            **{f"of process 1: {kind}": lambda kind=kind: os.stat(f"/proc/1/ns/{kind}") for kind in KINDS},
            "by the socket": lambda: syscall("setns", 3, 0x40000000),
            "by a folder": lambda: syscall("setns", os.open("/", os.O_RDONLY), 0x00020000),
            "by a process": lambda: syscall("setns", syscall("pidfd_open", 1, 0), 0x7E020000),
        }
    )
