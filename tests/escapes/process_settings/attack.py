from tried import syscall, tried

SETTINGS = {
    "dumpable": (4, 1),
    "keep capabilities": (8, 1),
    "drop a bound": (24, 0),
    "secure bits": (28, 0x2F),
    "time stamps": (26, 1),
    "timer slack": (29, 1),
    "counters": (31, 0),
    "memory errors": (33, 1, 1),
    "memory map": (35, 6, 4096),
    "no huge pages": (41, 1),
    "floating point": (45, 1),
    "ambient": (47, 2, 0),
    "speculation": (53, 0, 2),
    "io flusher": (57, 1),
    "calls by signal": (59, 0),
    "core scheduling": (62, 1, 0, 0, 0),
    "no new code": (65, 1),
    "same pages": (67, 1),
    "tracer": (0x59616D61, 1),
    "death signal": (1, 0),
    "reaper": (36, 1),
}


def attack(universe):
    return tried(
        {
            name: lambda words=words: syscall("prctl", *words, *(0,) * (5 - len(words)))
            for name, words in SETTINGS.items()
        }
    )
