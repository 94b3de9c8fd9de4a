from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "add": lambda: syscall("add_key", b"user", b"fomrepo", b"x", 1, -1),
            "request": lambda: syscall("request_key", b"user", b"fomrepo", 0, -1),
            "read": lambda: syscall("keyctl", 0, -4, 0),
            "join": lambda: syscall("keyctl", 1, 0),
        }
    )
