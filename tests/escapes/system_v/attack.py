from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "memory": lambda: syscall("shmget", 0x46, 4096, 0o1600),
            "semaphore": lambda: syscall("semget", 0x46, 1, 0o1600),
            "messages": lambda: syscall("msgget", 0x46, 0o1600),
            "attach": lambda: syscall("shmat", 0, 0, 0),
        }
    )
