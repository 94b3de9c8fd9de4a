from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "look at a tree": lambda: syscall("open_tree", -100, b"/", 0),
            "copy a tree": lambda: syscall("open_tree", -100, b"/", 1 | 0x8000),
            "new file system": lambda: syscall("fsopen", b"proc", 0),
            "configure it": lambda: syscall("fsconfig", 3, 6, 0, 0, 0),
            "mount it": lambda: syscall("fsmount", 3, 0, 0),
            "pick the root": lambda: syscall("fspick", -100, b"/", 0),
            "move": lambda: syscall("move_mount", -100, b"/in", -100, b"/tmp", 0),
            "writable": lambda: syscall("mount_setattr", -100, b"/in", 0, bytes(32), 32),
            "list": lambda: syscall("listmount", bytes(24), bytes(64), 8, 0),
            "ask": lambda: syscall("statmount", bytes(24), bytes(512), 512, 0),
        }
    )
