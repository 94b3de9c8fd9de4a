import os
import sys

from tried import syscall, tried

EMPTY_PATH = 0x1000


def from_memory():
    file = os.memfd_create("program")
    os.write(file, b"#!/usr/bin/python3\n")
    return syscall("execveat", file, b"", 0, 0, EMPTY_PATH)


def attack(universe):
    interpreter = os.open(sys.executable or "/usr/bin/python3.11", os.O_RDONLY)
    return tried(
        {
            "by descriptor": lambda: syscall("execveat", interpreter, b"", 0, 0, EMPTY_PATH),
            "by Python": lambda: os.execve(interpreter, ["python"], {}),
            "by path": lambda: syscall("execve", b"/usr/bin/python3.11", 0, 0),
            "from memory": from_memory,
            "the data": lambda: os.execv("/in/universe.structure.pdb", ["x"]),
            "the method": lambda: os.execv("/method/attack.py", ["x"]),
            "a library": lambda: syscall("uselib", b"/lib/x86_64-linux-gnu/libc.so.6"),
        }
    )
