import os
import resource

from tried import tried


def inherited(number):
    os.fstat(number)  # EBADF where there is none
    if os.fstat(number).st_ino == os.stat("/in/universe.structure.pdb").st_ino:
        raise PermissionError(1, "the harness itself opened the data")
    return os.fstat(number)


def attack(universe):
    return tried(
        {
            f"descriptor {number}": lambda number=number: inherited(number)
            for number in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            if number not in (0, 1, 2, 3)
        },
        also_refused=("EBADF",),
    )
