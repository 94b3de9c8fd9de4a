from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "read": lambda: syscall("process_vm_readv", 1, 0, 0, 0, 0, 0),
            "write": lambda: syscall("process_vm_writev", 1, 0, 0, 0, 0, 0),
            "advise": lambda: syscall("process_madvise", 3, 0, 0, 0, 0),
            "compare": lambda: syscall("kcmp", 1, 1, 0, 0, 0),
            "by proc": lambda: open("/proc/1/mem", "rb"),
            "by own proc": lambda: open("/proc/self/mem", "rb"),
        }
    )
