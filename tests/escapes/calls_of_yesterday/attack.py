import platform

from tried import libc, syscall, tried

#: On x86_64; other architectures never had them.
OLD = {
    "uselib": 134, "ustat": 136, "sysfs": 139, "_sysctl": 156, "create_module": 174, "get_kernel_syms": 177,
    "query_module": 178, "nfsservctl": 180, "getpmsg": 181, "afs_syscall": 183, "tuxcall": 184, "security": 185,
    "set_thread_area": 205, "get_thread_area": 211, "lookup_dcookie": 212, "epoll_ctl_old": 214, "vserver": 236,
    "kexec_load": 246,
}  # fmt: skip


def call(number, *arguments):
    import ctypes

    if platform.machine() != "x86_64":
        raise PermissionError(1, "there is no such call")
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(each) for each in arguments])
    if result == -1:
        raise OSError(ctypes.get_errno(), str(number))
    return result


def attack(universe):
    return tried(
        {
            "file system types": lambda: call(OLD["sysfs"], 3),
            **{name: lambda number=number: call(number, 0, 0, 0, 0, 0) for name, number in OLD.items()},
            "signal stack": lambda: syscall("signalfd4", -1, 0, 8, 0),
        }
    )
