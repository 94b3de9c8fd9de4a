from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "tmpfs": lambda: syscall("mount", b"none", b"/tmp", b"tmpfs", 0, 0),
            "bind": lambda: syscall("mount", b"/in", b"/tmp", 0, 4096, 0),
            "proc": lambda: syscall("mount", b"proc", b"/tmp", b"proc", 0, 0),
            "writable again": lambda: syscall("mount", b"none", b"/in", 0, 32 | 4096, 0),
            "unmount": lambda: syscall("umount2", b"/tmp", 2),
            "fsopen": lambda: syscall("fsopen", b"tmpfs", 0),
            "open_tree": lambda: syscall("open_tree", -100, b"/", 1),
            "move_mount": lambda: syscall("move_mount", -1, b"", -1, b"/", 0),
            "mount_setattr": lambda: syscall("mount_setattr", -100, b"/", 0, 0, 0),
        }
    )
