from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "version": lambda: syscall("landlock_create_ruleset", 0, 0, 1),
            "rules": lambda: syscall("landlock_create_ruleset", b"\x01" + bytes(7), 8, 0),
            "add": lambda: syscall("landlock_add_rule", 3, 1, bytes(16), 0),
            "apply": lambda: syscall("landlock_restrict_self", 3, 0),
        }
    )
