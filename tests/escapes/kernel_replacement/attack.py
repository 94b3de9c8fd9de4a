from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "kexec": lambda: syscall("kexec_load", 0, 0, 0, 0),
            "kexec file": lambda: syscall("kexec_file_load", -1, -1, 0, 0, 0),
            "module": lambda: syscall("init_module", 0, 0, b""),
            "module file": lambda: syscall("finit_module", 3, b"", 0),
            "reboot": lambda: syscall("reboot", 0, 0, 0, 0),
            "swap": lambda: syscall("swapon", b"/tmp", 0),
            "ports": lambda: syscall("quotactl", 0x80000700, 0, 0, 0),
        }
    )
