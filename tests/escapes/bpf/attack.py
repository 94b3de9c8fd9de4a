from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "program": lambda: syscall("bpf", 5, bytes(128), 128),
            "map": lambda: syscall("bpf", 0, bytes(128), 128),
        }
    )
