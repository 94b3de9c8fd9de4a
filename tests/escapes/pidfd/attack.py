from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "open": lambda: syscall("pidfd_open", 1, 0),
            "take": lambda: syscall("pidfd_getfd", 3, 0, 0),
            "signal": lambda: syscall("pidfd_send_signal", 3, 0, 0, 0),
        }
    )
