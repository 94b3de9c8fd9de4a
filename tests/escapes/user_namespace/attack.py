from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "user": lambda: syscall("unshare", 0x10000000),
            "mount": lambda: syscall("unshare", 0x00020000),
            "network": lambda: syscall("unshare", 0x40000000),
            "all": lambda: syscall("unshare", 0x7E020000),
            "clone user": lambda: syscall("clone", 0x10000000 | 17, 0, 0, 0, 0),
            "clone3": lambda: syscall("clone3", bytes(88), 88),
            "enter": lambda: syscall("setns", 3, 0),
        }
    )
