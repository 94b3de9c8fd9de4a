import os

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "setuid": lambda: os.setuid(0),
            "setresuid": lambda: os.setresuid(0, 0, 0),
            "setgroups": lambda: os.setgroups([0]),
            "setfsuid": lambda: syscall("setfsuid", 0),
            "capset": lambda: syscall("capset", bytes(8), bytes(24)),
            "keep capabilities": lambda: syscall("prctl", 8, 1, 0, 0, 0),
            "ambient": lambda: syscall("prctl", 47, 2, 0, 0, 0),
            "set-user-id bit": lambda: os.chmod("/tmp", 0o4777),
            "file capability": lambda: os.setxattr("/tmp", "security.capability", bytes(20)),
        }
    )
