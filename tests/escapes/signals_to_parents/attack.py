import os
import signal

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "parent": lambda: os.kill(os.getppid(), 0),
            "parent's thread": lambda: syscall("tgkill", os.getppid(), os.getppid(), 0),
            "first process": lambda: os.kill(1, 0),
            "stop": lambda: os.kill(os.getppid(), signal.SIGSTOP) if universe is not None else os.kill(1, 0),
            "by a descriptor": lambda: syscall("pidfd_send_signal", syscall("pidfd_open", 1, 0), 0, 0, 0),
            "hang up": lambda: syscall("vhangup"),
            "session": os.setsid,
            "group": lambda: os.setpgid(0, 0),
        }
    )
