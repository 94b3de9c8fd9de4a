import os

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "all": lambda: os.kill(-1, 0),
            "group": lambda: os.killpg(0, 0),
            "two": lambda: os.kill(2, 0),
            "queue": lambda: syscall("rt_sigqueueinfo", 1, 0, bytes(128)),
            "thread of another": lambda: syscall("tgkill", 2, 2, 0),
            "any thread": lambda: syscall("tkill", 2, 0),
        }
    )
