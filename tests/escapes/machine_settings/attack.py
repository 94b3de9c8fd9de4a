import os
import socket
import time

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
            "adjust": lambda: syscall("adjtimex", bytes(208)),
            "name": lambda: socket.sethostname("x"),
            "kernel log": lambda: syscall("syslog", 3, bytes(64), 64),
            "accounting": lambda: syscall("acct", 0),
            "personality": lambda: syscall("personality", 0x0040000),
            "priority": lambda: os.nice(-5),
            "scheduler": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
            "processors": lambda: os.sched_setaffinity(0, {0}),
            "disk priority": lambda: syscall("ioprio_set", 1, 0, 1 << 13),
        }
    )
