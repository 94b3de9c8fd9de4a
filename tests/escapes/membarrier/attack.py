from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "query": lambda: syscall("membarrier", 0, 0, 0),
            "all": lambda: syscall("membarrier", 1, 0, 0),
            "expedited": lambda: syscall("membarrier", 2, 0, 0),
            "register": lambda: syscall("membarrier", 4, 0, 0),
        }
    )
