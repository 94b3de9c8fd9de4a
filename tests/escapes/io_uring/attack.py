from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "setup": lambda: syscall("io_uring_setup", 1, bytes(120)),
            "enter": lambda: syscall("io_uring_enter", 3, 0, 0, 0, 0, 0),
            "old": lambda: syscall("io_setup", 1, bytes(8)),
        }
    )
