import os
import struct

from tried import syscall, tried

ROOT = "/sys/fs/cgroup"


def attack(universe):
    return tried(
        {
            "see": lambda: os.listdir(ROOT),
            "own": lambda: open("/proc/self/cgroup"),
            "leave": lambda: open(f"{ROOT}/cgroup.procs", "w"),
            "leave, version one": lambda: open(f"{ROOT}/memory/cgroup.procs", "w"),
            "make": lambda: os.mkdir(f"{ROOT}/memory/fomrepo-escape"),
            "namespace": lambda: syscall("unshare", 0x02000000),
            "mount": lambda: syscall("mount", b"none", b"/tmp", b"cgroup2", 0, 0),
            "clone into": lambda: syscall("clone3", struct.pack("<11Q", 1 << 33, *(0,) * 9, 3), 88),
        }
    )
