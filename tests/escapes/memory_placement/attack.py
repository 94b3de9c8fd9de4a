from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "policy": lambda: syscall("set_mempolicy", 0, 0, 0),
            "which policy": lambda: syscall("get_mempolicy", 0, 0, 0, 0, 0),
            "home": lambda: syscall("set_mempolicy_home_node", 0, 4096, 0, 0),
            "migrate": lambda: syscall("migrate_pages", 0, 1, b"\x01" + bytes(7), b"\x01" + bytes(7)),
            "move": lambda: syscall("move_pages", 0, 0, 0, 0, 0, 0),
            "keys": lambda: syscall("pkey_alloc", 0, 0),
            "remap": lambda: syscall("remap_file_pages", 0, 4096, 0, 0, 0),
        }
    )
