from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "own": lambda: syscall("perf_event_open", bytes(112), 0, -1, -1, 0),
            "all": lambda: syscall("perf_event_open", bytes(112), -1, 0, -1, 0),
        }
    )
