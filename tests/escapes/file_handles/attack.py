from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "by handle": lambda: syscall("open_by_handle_at", -100, b"\x08\0\0\0\x01\0\0\0" + bytes(8), 0),
            "handle": lambda: syscall("name_to_handle_at", -100, b"/", bytes(128), bytes(8), 0),
        }
    )
