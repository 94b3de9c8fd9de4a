import os
import platform

from tried import syscall, tried


def host_name():
    if platform.node() == "guest":
        raise PermissionError(1, "hidden")
    return platform.node()


def attack(universe):
    return tried(
        {
            "name": host_name,
            "memory": lambda: syscall("sysinfo", bytes(256)),
            "processor": lambda: syscall("getcpu", 0, 0, 0),
            "file system": lambda: os.statvfs("/in"),
            "users": lambda: open("/var/run/utmp", "rb"),
            "interrupts": lambda: open("/proc/interrupts"),
            "machine id": lambda: open("/etc/machine-id"),
        }
    )
