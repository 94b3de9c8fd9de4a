from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "trace me": lambda: syscall("ptrace", 0, 0, 0, 0),
            "attach": lambda: syscall("ptrace", 16, 1, 0, 0),
            "seize": lambda: syscall("ptrace", 0x4206, 1, 0, 0),
        }
    )
