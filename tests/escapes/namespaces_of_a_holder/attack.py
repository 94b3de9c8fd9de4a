import os

from tried import syscall, tried

MOUNTS, NAMES, QUEUES, USERS, PROCESSES, NETWORK = (
    *(0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000),
    0x40000000,
)
OF_A_CHILD = MOUNTS | NAMES | QUEUES | USERS | PROCESSES | NETWORK
SIGCHLD = 17


def fork(flags):
    process = syscall("clone", flags, 0, 0, 0, 0)
    if process == 0:
        os._exit(0)
    return process


def attack(universe):
    return tried(
        {
            "as a holder": lambda: fork(OF_A_CHILD | SIGCHLD),
            "without the users": lambda: fork(OF_A_CHILD & ~USERS | SIGCHLD),
            "without the network": lambda: fork(OF_A_CHILD & ~NETWORK | SIGCHLD),
            "with another signal": lambda: fork(OF_A_CHILD | 9),
            "as a sibling": lambda: fork(OF_A_CHILD | 0x00008000 | SIGCHLD),
            "sharing memory": lambda: fork(OF_A_CHILD | 0x00000100 | SIGCHLD),
        }
    )
