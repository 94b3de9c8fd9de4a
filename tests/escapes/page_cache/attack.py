import mmap
import os

from tried import syscall, tried

DATA = "/in/universe.structure.pdb"


def mapped():
    return mmap.mmap(os.open(DATA, os.O_RDONLY), 0, mmap.MAP_SHARED, mmap.PROT_READ)


def attack(universe):
    return tried(
        {
            "mincore": lambda: syscall("mincore", 0, 0, 0),
            "cachestat": lambda: syscall("cachestat", os.open(DATA, os.O_RDONLY), bytes(16), bytes(40), 0),
            "read without waiting": lambda: os.preadv(os.open(DATA, os.O_RDONLY), [bytearray(1)], 0, os.RWF_NOWAIT),
            "push out": lambda: os.posix_fadvise(os.open(DATA, os.O_RDONLY), 0, 0, os.POSIX_FADV_DONTNEED),
            "push out a mapping": lambda: mapped().madvise(21),
            "cool a mapping": lambda: mapped().madvise(20),
            "read ahead": lambda: syscall("readahead", os.open(DATA, os.O_RDONLY), 0, 4096),
            "write back": lambda: syscall("syncfs", 1),
        }
    )
