from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "high bits": lambda: syscall("clone", 1 << 63 | 0x10000000 | 17, 0, 0, 0, 0),
            "thread and namespace": lambda: syscall("clone", 0x003D0F00 | 0x10000000, 0, 0, 0, 0),
            "vfork": lambda: syscall("clone", 0x00004100 | 17, 0, 0, 0, 0),
        }
    )
