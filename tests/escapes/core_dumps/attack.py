import resource

from tried import syscall, tried


def raise_limit():
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:  # Python's word for EPERM
        raise PermissionError(1, "core") from None


def attack(universe):
    return tried(
        {
            "which memory": lambda: open("/proc/self/coredump_filter", "r+b"),
            "where to": lambda: open("/proc/sys/kernel/core_pattern", "r+b"),
            "raise the limit": raise_limit,
            "by a pair": lambda: syscall("prlimit64", 0, 4, b"\xff" * 16, 0),
            "dumpable": lambda: syscall("prctl", 4, 1, 0, 0, 0),
        }
    )
