from tried import syscall, tried

KINDS = {
    "files": 0x00000400,
    "folder": 0x00000200,
    "semaphores": 0x00040000,
    "time": 0x00000080,
    "mounts": 0x00020000,
    "cgroups": 0x02000000,
    "names": 0x04000000,
    "queues": 0x08000000,
    "users": 0x10000000,
    "processes": 0x20000000,
    "network": 0x40000000,
}


def attack(universe):
    return tried({name: lambda flag=flag: syscall("unshare", flag) for name, flag in KINDS.items()})
