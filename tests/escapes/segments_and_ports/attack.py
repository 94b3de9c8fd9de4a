from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "read segments": lambda: syscall("modify_ldt", 0, bytes(64), 64),
            "write a segment": lambda: syscall("modify_ldt", 0x11, b"\0" * 4 + b"\xff" * 12, 16),
            "thread area": lambda: syscall("set_thread_area", bytes(16)),
            "ports": lambda: syscall("ioperm", 0x70, 2, 1),
            "all ports": lambda: syscall("iopl", 3),
            "trap cpuid": lambda: syscall("arch_prctl", 0x1012, 0),
            "own register": lambda: syscall("arch_prctl", 0x1001, 0),
            "hang up": lambda: syscall("vhangup"),
        }
    )
