import os
import tempfile
from multiprocessing import shared_memory

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "memory file": lambda: os.memfd_create("x"),
            "secret memory": lambda: syscall("memfd_secret", 0),
            "temporary file": lambda: tempfile.TemporaryFile("wb"),
            "unnamed file": lambda: os.open("/tmp", os.O_TMPFILE | os.O_RDWR),
            "shared memory": lambda: shared_memory.SharedMemory(create=True, size=2**20),
        }
    )
