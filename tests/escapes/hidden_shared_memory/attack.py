import mmap
import os

from tried import tried

BLOCK_BYTES = 2**25
SHARED_VALIDATED = 3

kept = []


def keep(flags, path=None):
    number = -1 if path is None else os.open(path, os.O_RDONLY)
    block = mmap.mmap(number, BLOCK_BYTES, flags=flags, prot=mmap.PROT_READ)
    sum(block[::4096])
    block.madvise(mmap.MADV_DONTNEED)  # shared pages stay when they are dropped from this process
    kept.append(block)


def attack(universe):
    return tried(
        {
            "without a file": lambda: keep(mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
            "validated": lambda: keep(SHARED_VALIDATED | mmap.MAP_ANONYMOUS),
            "zeros": lambda: keep(mmap.MAP_SHARED, "/dev/zero"),
        }
    )
