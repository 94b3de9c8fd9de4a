import resource

from tried import syscall, tried

NAMES = ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "MEMLOCK", "MSGQUEUE", "CORE", "DATA", "STACK")


def more(name):
    kind = getattr(resource, f"RLIMIT_{name}")
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:  # Python's word for EPERM
        raise PermissionError(1, name) from None
    return resource.getrlimit(kind)


def attack(universe):
    of_others = {"of another process": lambda: syscall("prlimit64", 2, 7, 0, 0)}
    return tried({name: lambda name=name: more(name) for name in NAMES} | of_others)
