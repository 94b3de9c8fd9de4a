from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "userfaultfd": lambda: syscall("userfaultfd", 1),
        }
    )
