from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "own": lambda: syscall("get_robust_list", 0, bytes(8), bytes(8)),
            "of process 1": lambda: syscall("get_robust_list", 1, bytes(8), bytes(8)),
            "of process 2": lambda: syscall("get_robust_list", 2, bytes(8), bytes(8)),
        }
    )
