from tried import syscall, tried


def attack(universe):
    return tried(
        {
            f"family {family}, kind {kind}": lambda family=family, kind=kind: syscall("socket", family, kind, 0)
            for family in range(1, 46)
            for kind in (1, 2, 3, 5)
        }
    )
