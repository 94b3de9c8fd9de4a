import os

from tried import tried


def attack(universe):
    return tried(
        {
            path: lambda path=path: os.lstat(path)
            for path in (
                *("/etc/passwd", "/etc/shadow", "/etc/hostname", "/root", "/home", "/var", "/run", "/srv", "/opt"),
                *("/mnt", "/boot"),
                *("/proc", "/proc/self/maps", "/proc/1/environ", "/sys", "/sys/fs/cgroup", "/dev/shm", "/dev/tty"),
                *("/dev/mem",),
                *("/dev/kmsg", "/dev/fd", "/dev/pts", "/bin", "/sbin", "/usr/bin/env", "/usr/share", "/usr/include"),
                *("/in/..data", "/in/../etc/passwd", "/method/../../etc/passwd", "/harness/deposition"),
            )
        }
    )
