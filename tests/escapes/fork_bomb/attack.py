import multiprocessing
import os

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "fork": os.fork,
            "forkpty": os.forkpty,
            "vfork": lambda: syscall("vfork"),
            "clone": lambda: syscall("clone", 17, 0, 0, 0, 0),
            "processes": lambda: multiprocessing.get_context("fork").Process(target=print).start(),
        }
    )
