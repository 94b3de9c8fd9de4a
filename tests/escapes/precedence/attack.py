import os
import struct

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "idle": lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
            "round robin": lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
            "deadline": lambda: syscall(
                "sched_setattr", 0, struct.pack("<IIQiIQQQ", 48, 6, 0, 0, 0, 10**7, 10**8, 10**8), 0
            ),
            "parameter": lambda: os.sched_setparam(0, os.sched_param(1)),
            "nice": lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
            "nice group": lambda: os.setpriority(os.PRIO_PGRP, 0, -10),
            "nice user": lambda: os.setpriority(os.PRIO_USER, os.getuid(), -10),
            "other processors": lambda: os.sched_setaffinity(0, range(64)),
            "disk": lambda: syscall("ioprio_set", 3, os.getuid(), 1 << 13),
        }
    )
