from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "mode": lambda: syscall("prctl", 22, 0, 0, 0, 0),
            "another filter": lambda: syscall("seccomp", 1, 0, 0),
            "notify": lambda: syscall("seccomp", 3, 0, 0),
            "outlive the parent": lambda: syscall("prctl", 1, 0, 0, 0, 0),
            "undumpable": lambda: syscall("prctl", 4, 0, 0, 0, 0),
            "reaper": lambda: syscall("prctl", 36, 1, 0, 0, 0),
            "speculation": lambda: syscall("prctl", 53, 0, 2, 0, 0),
        }
    )
