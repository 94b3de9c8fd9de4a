from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "posix": lambda: syscall("mq_open", b"fomrepo", 0o102, 0o600, 0),
            "system v": lambda: syscall("msgget", 0, 0o1600),
            "notify": lambda: syscall("mq_notify", 3, 0),
        }
    )
