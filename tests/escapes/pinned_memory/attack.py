from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "lock": lambda: syscall("mlock", 0, 4096),
            "lock all": lambda: syscall("mlockall", 3),
            "on fault": lambda: syscall("mlock2", 0, 4096, 1),
            "by policy": lambda: syscall("mbind", 0, 4096, 2, 0, 0, 0),
        }
    )
