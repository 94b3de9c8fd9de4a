from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "inotify": lambda: syscall("inotify_init1", 0),
            "fanotify": lambda: syscall("fanotify_init", 0, 0),
            "add a watch": lambda: syscall("inotify_add_watch", 3, b"/in", 1),
        }
    )
